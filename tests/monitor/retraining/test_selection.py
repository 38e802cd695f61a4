"""Which truths enter a data set: checks of each, caps, residuals, and the holdout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from monitor.retraining import selection
from monitor.retraining.selection import Selection, key, select

OLD_ROWS = 700  # so 300 truths at most, and 7 to 10 of each client


def truths(rows: int, *, name: str = "r", **columns: Any) -> pd.DataFrame:
    """Truths as they are joined: each of a client and a source of its own, equal to the prediction but for noise."""
    noise = np.random.default_rng(len(name)).normal(0, 1, rows)
    x = np.linspace(0, 9, rows).astype(np.float32)
    table = {
        "time": pd.date_range("2026-11-20", periods=rows, freq="min"),
        "request_id": [f"{name}{number}" for number in range(rows)],
        "row": 0,
        "role": "champion",
        "x": x,
        "actual": x.astype(np.float64) + noise,
        "source": [f"{name} source {number}" for number in range(rows)],
        "client": [f"{name} client {number}" for number in range(rows)],
        "corrects": 0,
    }
    return pd.DataFrame({**table, **columns})


def selected(*tables: pd.DataFrame, golden: frozenset[bytes] = frozenset(), trusted: str = "") -> Selection:
    joined = pd.concat(tables, ignore_index=True)
    return select(joined, ["x"], lambda rows: rows[:, 0], (-100, 100), golden, OLD_ROWS, frozenset({trusted} - {""}))


def reasons(chosen: Selection, name: str) -> set[str]:
    """What became of the truths whose request ids begin like this."""
    return set(chosen.truths.loc[chosen.truths["request_id"].str.startswith(name), "reason"])


def test_truths_of_many_clients_enter_up_to_their_share_and_the_newest_are_kept_for_the_test() -> None:
    chosen = selected(truths(1000))
    assert len(chosen.of("")) == 300
    assert len(chosen.of(selection.HOLDOUT)) == 200
    assert chosen.of("")["time"].max() < chosen.of(selection.HOLDOUT)["time"].min()
    assert reasons(chosen, "r") == {"", selection.HOLDOUT, selection.FEEDBACK_CAP}


def test_the_choice_is_the_same_whatever_the_order_of_the_log() -> None:
    table = truths(1000)
    first, second = selected(table), selected(table.sample(frac=1, random_state=1))
    assert first.truths["request_id"].tolist() == second.truths["request_id"].tolist()
    assert first.truths["reason"].tolist() == second.truths["reason"].tolist()


def test_one_client_and_one_source_have_one_percent() -> None:
    for column, reason in (("client", selection.CLIENT_CAP), ("source", selection.SOURCE_CAP)):
        chosen = selected(truths(400), truths(300, name="many", **{column: "loud"}))
        used = chosen.of("")
        assert chosen.rows_each == (OLD_ROWS + len(used)) // 100
        assert (used[column] == "loud").sum() <= chosen.rows_each
        assert (chosen.of(selection.HOLDOUT)[column] == "loud").sum() <= chosen.rows_each
        assert reason in reasons(chosen, "many")


def test_a_token_is_one_client_from_wherever_it_is_used() -> None:
    chosen = selected(truths(400), truths(100, name="ann", client=[f"ann@192.0.2.{number}" for number in range(100)]))
    assert chosen.of("")["client"].str.startswith("ann@").sum() <= chosen.rows_each


def test_who_names_no_source_is_one() -> None:
    chosen = selected(truths(400), truths(100, name="none", source="", client="192.0.2.1"))
    assert reasons(chosen, "none") <= {"", selection.HOLDOUT, selection.CLIENT_CAP}
    assert "192.0.2.1" in set(chosen.truths["source"])


def test_a_trusted_client_has_no_cap_but_that_of_all_feedback() -> None:
    chosen = selected(truths(1000, client="backend"), trusted="backend")
    assert len(chosen.of("")) == 300


def test_a_trusted_client_lends_no_source_its_name() -> None:
    chosen = selected(truths(400), truths(300, name="loud", client="relay", source="relay"), trusted="relay")
    assert (chosen.of("")["client"] == "relay").sum() <= chosen.rows_each
    alone = selected(truths(1000, client="relay", source=""), trusted="relay")
    assert len(alone.of("")) == 300


def test_the_caps_shrink_with_the_data_set() -> None:
    # 700 old rows, and each of two clients may have 1 %: 7, not the 10 of a data set of 1,000 rows.
    chosen = selected(truths(500, client=[f"client {number % 2}" for number in range(500)]))
    assert chosen.rows_each == 7
    assert len(chosen.of("")) == 14


def test_a_small_data_set_may_have_one_row_of_each() -> None:
    joined = truths(10)
    assert select(joined, ["x"], lambda rows: rows[:, 0], (-100, 100), frozenset(), 20).rows_each == 1


def test_each_truth_is_checked_for_itself() -> None:
    table = truths(600)
    table.loc[0, "role"] = "canary"
    table.loc[1, "actual"] = 101.0
    table.loc[2, "corrects"] = 1
    table.loc[3, "request_id"] = "r4"
    table.loc[5, "actual"] = 50.0
    table.loc[6, "x"] = np.nan
    golden = frozenset([key(np.array([table.loc[7, "x"]], dtype=np.float32))])
    chosen = selected(table, golden=golden).truths.set_index("request_id")["reason"]
    assert chosen["r0"] == selection.NOT_CHAMPION
    assert chosen["r1"] == selection.IMPLAUSIBLE
    assert chosen["r2"] == selection.CORRECTION
    assert set(chosen["r4"]) == {selection.AMBIGUOUS}
    assert chosen["r5"] == selection.RESIDUAL
    assert chosen["r6"] == selection.IMPLAUSIBLE
    assert chosen["r7"] == selection.GOLDEN


def test_zero_and_minus_zero_are_the_same_golden_row() -> None:
    assert key(np.array([-0.0], dtype=np.float32)) == key(np.array([0.0], dtype=np.float32))


def test_the_shadow_of_an_answered_row_is_not_a_truth_of_its_own() -> None:
    table = truths(100)
    chosen = selected(table, table.assign(role="shadow"))
    assert len(chosen.truths) == 100
    assert selection.NOT_CHAMPION not in reasons(chosen, "r")


def test_who_sends_most_of_the_truths_does_not_set_the_measure_of_the_others() -> None:
    lies = truths(2000, name="liar", client="liar")
    lies["actual"] += 40
    chosen = selected(truths(300), lies)
    assert abs(chosen.center) < 1
    assert reasons(chosen, "liar") == {selection.RESIDUAL}
    assert selection.RESIDUAL not in reasons(chosen, "r")


def test_an_echo_of_the_predictions_lets_no_other_truth_in() -> None:
    table = truths(100)
    table["actual"] = table["x"].astype(np.float64) + 40 * (table.index < 10)
    assert len(selected(table).of(selection.RESIDUAL)) == 10


def test_truths_that_all_fail_leave_an_empty_selection() -> None:
    chosen = selected(truths(10, role="canary"))
    assert len(chosen.of(selection.NOT_CHAMPION)) == 10
    assert chosen.of("", selection.HOLDOUT).empty


def test_a_row_that_the_champion_does_not_take_is_put_aside_and_never_predicted() -> None:
    table = truths(100)
    table.loc[3, "x"] = np.nan
    asked: list[np.ndarray] = []

    def predict(rows: np.ndarray) -> np.ndarray:
        asked.append(rows)
        return rows[:, 0]

    chosen = select(
        table, ["x"], predict, (-100, 100), frozenset(), OLD_ROWS, takes=lambda rows: np.isfinite(rows).all(axis=1)
    )
    assert chosen.of(selection.NOT_TAKEN)["request_id"].tolist() == ["r3"]
    assert np.isfinite(np.concatenate(asked)).all()
