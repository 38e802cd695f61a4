"""What contradicts the history is named."""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from registry import IntegrityError, NotPublishedError, VersionStore, find_inconsistencies
from registry.promotion import clear, shadow
from tests.conftest import publish
from tests.registry.conftest import ANN, flip_bits, retire


def test_a_version_that_is_gone_is_a_fault_and_so_is_the_alias_that_names_it(store: VersionStore) -> None:
    shutil.rmtree(store.folder / "2")
    assert [fault.partition(": ")[2] for fault in find_inconsistencies(store.aliases)] == [
        "version 2 is gone, and the history says that it was published; restore its folder",
        "challenger is version 2, which is not there"
    ]  # fmt: skip
    assert publish(store.folder.parent) == 3  # its number is not given again


def test_a_retired_folder_that_was_moved_or_copied_back_is_a_fault_and_blocks_nothing(store: VersionStore) -> None:
    retire(store)
    retired = store.folder / "retired" / "2"
    retired.rename(store.folder / "2")
    (fault,) = find_inconsistencies(store.aliases)
    assert "version 2 is retired; move this folder to retired, or take it away" in fault
    shutil.copytree(store.folder / "2", retired)
    (fault,) = find_inconsistencies(store.aliases)
    assert "version 2 is retired; move this folder to retired, or take it away" in fault
    assert store.versions() == [1]
    with pytest.raises(NotPublishedError, match="version 2 is retired"):
        shadow(store, 2, ANN)
    assert publish(store.folder.parent) == 3


@pytest.mark.slow
def test_whoever_reads_while_others_write_sees_no_fault(store: VersionStore) -> None:
    read = threading.Event()

    def write() -> None:
        for _ in range(50):
            shadow(store, 2, ANN)
            clear(store, "shadow", ANN)
            read.wait(0.2)  # a lock goes to whoever asks first, and that would be the writer again
            read.clear()

    with ThreadPoolExecutor() as pool:
        writer = pool.submit(write)
        reads = 0
        while not writer.done():
            assert list(find_inconsistencies(VersionStore(store.folder.parent, "boston").aliases)) == []
            reads += 1
            read.set()
    writer.result()
    assert reads > 1


def test_a_bit_that_flips_anywhere_in_a_version_is_found_and_its_file_named(store: VersionStore) -> None:
    for path in sorted((store.folder / "1").iterdir()):
        for _ in flip_bits(path, 23):
            faults = list(find_inconsistencies(store.aliases))
            try:
                store.check(1)
            except IntegrityError as error:
                faults.append(str(error))
            assert path.name in " ".join(faults)
    assert list(find_inconsistencies(store.aliases)) == []
