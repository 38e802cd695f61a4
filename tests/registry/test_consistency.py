"""What contradicts the history is named."""

from __future__ import annotations

import shutil
import threading

import pytest

from registry import IntegrityError, NotPublishedError, VersionStore, find_inconsistencies
from registry.promotion import clear, shadow
from tests.conftest import publish
from tests.registry.conftest import ANN, retire


def test_a_version_that_is_gone_is_a_fault_and_so_is_the_alias_that_names_it(store: VersionStore) -> None:
    shutil.rmtree(store.folder / "2")
    assert [fault.partition(": ")[2] for fault in find_inconsistencies(store.aliases)] == [
        "version 2 is gone; the history tells of it", "challenger is version 2, which is not there"
    ]  # fmt: skip
    assert publish(store.folder.parent) == 3  # its number is not given again


def test_a_retired_folder_that_was_moved_or_copied_back_is_a_fault_and_blocks_nothing(store: VersionStore) -> None:
    retire(store)
    retired = store.folder / "retired" / "2"
    retired.rename(store.folder / "2")
    (fault,) = find_inconsistencies(store.aliases)
    assert "version 2 is not in the folder retired, and the history says otherwise" in fault
    shutil.copytree(store.folder / "2", retired)
    (fault,) = find_inconsistencies(store.aliases)
    assert "version 2 is retired; take this folder away" in fault
    assert store.versions() == [1]
    with pytest.raises(NotPublishedError, match="version 2 is retired"):
        shadow(store, 2, ANN)
    assert publish(store.folder.parent) == 3


@pytest.mark.slow
def test_whoever_reads_while_others_write_sees_no_fault(store: VersionStore) -> None:
    finished = threading.Event()

    def write() -> None:
        for count in range(100):
            shadow(store, 2, ANN) if count % 2 == 0 else clear(store, "shadow", ANN)
        finished.set()

    writer = threading.Thread(target=write)
    writer.start()
    reads = 0
    while not finished.is_set():
        assert list(find_inconsistencies(VersionStore(store.folder.parent, "boston").aliases)) == []
        reads += 1
    writer.join()
    assert reads > 1


def test_a_bit_that_flips_anywhere_in_a_version_is_found_and_its_file_named(store: VersionStore) -> None:
    for path in sorted((store.folder / "1").iterdir()):
        whole = path.read_bytes()
        for place in range(0, len(whole), 7):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :])
            faults = list(find_inconsistencies(store.aliases))
            try:
                store.check(1)
            except IntegrityError as error:
                faults.append(str(error))
            assert path.name in " ".join(faults)
        path.write_bytes(whole)
    assert list(find_inconsistencies(store.aliases)) == []
