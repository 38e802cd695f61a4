"""What a report says in words: verdict, headline, findings, what to do, what could not be judged."""

from __future__ import annotations

import pytest

from monitor.report.phrases import decimal
from monitor.report.words import EXIT_CODES, add_words
from tests.monitor.report.example import example, hostile, of_verdict


@pytest.mark.parametrize(
    ("verdict", "code", "headline", "because"),
    [
        ("calm", 0, "Calm: the rows are like those in training", ""),
        (
            "drift",
            10,
            "Drift: Rooms is 0.29 standard deviations higher than in training; also the prediction",
            "Rooms and the prediction",
        ),
        ("accuracy", 20, "Worse accuracy: RMSE 6.54, and at most 4.9 was expected", "RMSE 6.54"),
        (
            "cannot_judge",
            30,
            "Can't judge: 212 rows of 140 requests; 788 more rows are needed",
            "212 rows of 140 requests; 788 more rows are needed",
        ),
    ],
)
def test_each_verdict_has_its_words_and_its_exit_code(verdict: str, code: int, headline: str, because: str) -> None:
    report = of_verdict(verdict)
    assert (report["verdict"], EXIT_CODES[report["verdict"]]) == (verdict, code)
    assert (report["headline"], report["because"]) == (headline, because)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (999.4, "999"),
        (999.7, "1000"),
        (-999.7, "-1000"),
        (9999.7, "10,000"),
        (2012.3, "2012"),
        (0.01234, "0.0123"),
        (None, "?"),
    ],
)
def test_a_number_has_three_digits_that_count_and_no_exponent_for_being_rounded(
    value: float | None, written: str
) -> None:
    assert decimal(value) == written


def test_worse_accuracy_counts_before_drift_and_drift_before_accuracy_that_nobody_knows() -> None:
    report = example()
    report["accuracy"]["verdict"] = "accuracy"
    assert add_words(report)["verdict"] == "accuracy"
    report["accuracy"]["verdict"] = "cannot_judge"
    assert add_words(report)["verdict"] == "drift"
    report["drift"]["verdict"] = "calm"
    assert add_words(report)["verdict"] == "calm"


def test_drift_is_said_with_both_means_the_shift_and_p_and_what_to_do() -> None:
    report = of_verdict("drift")
    assert report["findings"][0] == (
        "Rooms is 0.29 standard deviations higher than in training; on average 6.48, in training 6.28; "
        "chance does not explain it (p < 0.0001)."
    )
    assert "No drift in Property tax and Built before 1940." in report["findings"]
    assert any("`python -m monitor retrain`" in sentence for sentence in report["actions"])


def test_the_strongest_input_is_the_headline_before_the_prediction_and_a_category_has_no_mean() -> None:
    report = example()
    _, tax, age, prediction = report["drift"]["columns"]
    tax |= {"verdict": "drift", "effect": 0.2, "reason": "tax is 3; tax is missing in 5 % of the rows"}
    age |= {
        "verdict": "drift",
        "kind": "category",
        "mean": None,
        "effect": 0.09,
        "reason": "age is 3 in 9 % of the rows",
    }
    prediction["effect"] = 0.9
    words = add_words(report)
    assert words["headline"] == (
        "Drift: Property tax is 3; Property tax is missing in 5 % of the rows; "
        "also Rooms, Built before 1940 and the prediction"
    )
    assert words["findings"][2] == "Built before 1940 is 3 in 9 % of the rows; chance does not explain it (p = 1)."
    report["drift"]["columns"][0]["verdict"] = tax["verdict"] = age["verdict"] = prediction["verdict"] = "calm"
    report["drift"]["verdict"], report["against"]["source"] = "calm", "pinned"
    assert add_words(report)["headline"] == "Calm: the rows are like those in the pinned window"


def test_of_refused_requests_alone_the_report_sends_to_the_log_and_asks_for_no_true_values() -> None:
    report = of_verdict("calm")
    drift = report["drift"]
    drift["verdict"] = drift["shares"][0]["verdict"] = "drift"
    actions = add_words(report)["actions"]
    advice = "Look for the requests with status 4xx in the logs: their column `error` says why they were refused."
    assert advice in actions
    assert not any("true values" in sentence or "retrain" in sentence for sentence in actions)
    drift["joint"]["verdict"] = "drift"
    actions = add_words(report)["actions"]
    assert any("Collect true values" in sentence for sentence in actions)
    assert not any("4xx" in sentence for sentence in actions)


def test_shares_and_correlations_can_be_the_drift() -> None:
    report = of_verdict("calm")
    drift = report["drift"]
    drift["verdict"] = drift["joint"]["verdict"] = drift["shares"][0]["verdict"] = "drift"
    drift["shares"][0]["share"] = 0.023
    drift["joint"]["correlations"][0] |= {"verdict": "drift", "window": 0.1}
    drift["joint"]["classifier"] |= {"verdict": "drift", "auc": 0.62}
    words = add_words(report)
    assert words["headline"] == "Drift: refused requests and how the inputs go together"
    assert "2.3 % of the requests were refused; up to 1 % is usual." in words["findings"]
    assert (
        "Rooms and Property tax go together in another way: their correlation is +0.10, in training −0.29."
        in words["findings"]
    )
    assert (
        "A classifier can tell these rows from those in training: AUC 0.62, where 0.5 is chance." in words["findings"]
    )


def test_what_could_not_be_judged_is_said_with_what_is_missing() -> None:
    report = of_verdict("cannot_judge")
    assert report["not_judged"] == [
        "Rooms, Property tax, Built before 1940 and the prediction: 788 more rows are needed.",
        "A shift of less than 0.4 standard deviations can go unseen in so few rows (Rooms).",
        "Accuracy: no true values are known for this window; `POST /feedback` takes them.",
    ]
    few = example()
    few["accuracy"] |= {"verdict": "cannot_judge", "truths": 12, "reason": "the truth is known for 12 requests"}
    few["accuracy"]["representative"] = {
        "verdict": "drift",
        "columns": [{"name": "rm", "p": 1e-6, "effect": 0.3, "verdict": "differs"}],
    }
    assert add_words(few)["not_judged"] == [
        "Accuracy: the truth is known for 12 requests.",
        "Rows with a true value differ from the others in Rooms: all rows may have another error.",
    ]


def test_a_source_whose_truth_differs_is_named_and_to_be_checked_first() -> None:
    report = of_verdict("accuracy")
    assert (
        "True values from the source “survey” (98 % of them) differ: prediction less truth is +0.40 on average, "
        "+0.10 for the others." in report["findings"]
    )
    assert report["actions"][0] == "Check the true values from the source “survey” before anything is trained on them."


def test_a_reference_that_is_too_small_for_any_window_is_the_headline() -> None:
    report = of_verdict("cannot_judge")
    for column in report["drift"]["columns"]:
        column["power"]["rows_missing"] = None
        column["reason"] = f"{column['name']}: the reference has too few rows to find a shift of 0.3"
    words = add_words(report)
    assert words["headline"] == "Can't judge: Rooms: the reference has too few rows to find a shift of 0.3"
    assert words["actions"][0].startswith("Train with more rows")


def test_too_few_requests_are_said_once() -> None:
    report = of_verdict("cannot_judge")
    report["drift"]["reason"] = "a verdict needs 30 requests, and there is 1"
    words = add_words(report)
    assert words["headline"] == "Can't judge: a verdict needs 30 requests, and there is 1"
    assert [sentence for sentence in words["not_judged"] if "Accuracy" not in sentence] == [
        "Drift: a verdict needs 30 requests, and there is 1."
    ]
    assert words["actions"][0].startswith("Wait for more requests")


def test_a_text_of_a_client_stays_one_short_line_in_a_sentence() -> None:
    report = hostile("a\x1b[2J\n`b`" + "c" * 200)
    (sentence,) = [text for text in report["findings"] if "the source" in text]
    assert "“a\\x1b[2J\\n'b'ccc" in sentence
    assert len(sentence) < 200


def test_intervals_that_hold_too_few_true_values_are_told_and_not_to_be_relied_on() -> None:
    report = example()
    calm = "89 % (87 % to 91 %) of 1,127 true values lie inside the 90 % interval of their prediction."
    assert calm in add_words(report)["findings"]
    report["accuracy"]["intervals"] |= {"share": 0.81, "low": 0.78, "high": 0.84, "p": 1e-9, "verdict": "below"}
    words = add_words(report)
    assert (
        "Only 81 % (78 % to 84 %) of 1,127 true values lie inside the 90 % interval of their prediction: "
        "the model errs more on these rows than in its training, and its intervals are too narrow for them."
    ) in words["findings"]
    assert any(sentence.startswith("Don't rely on the intervals until") for sentence in words["actions"])
    assert words["verdict"] == add_words(example())["verdict"]
    report["accuracy"]["intervals"]["verdict"] = "cannot_judge"
    assert not any("interval of their prediction" in sentence for sentence in add_words(report)["findings"])
