"""The evaluation: how well a model predicts, on all rows and on parts of them, beside simple models, and its gates.

Knows a model only as a function that predicts.
"""

from train.evaluation.evaluate import (
    SAMPLE_ROWS,
    Evaluation,
    FitFunction,
    PredictFunction,
    bootstrap_intervals,
    evaluate,
    evaluate_fitted,
    measure,
    rmse,
    sample_folds,
)

__all__ = [
    "SAMPLE_ROWS",
    "Evaluation",
    "FitFunction",
    "PredictFunction",
    "bootstrap_intervals",
    "evaluate",
    "evaluate_fitted",
    "measure",
    "rmse",
    "sample_folds",
]
