"""The evaluation: how well a model predicts, on all rows and on parts of them, beside simple models, and its gates.

A model is a function that predicts here, whatever it is; only the baselines are fitted here.
"""

from train.evaluation.metrics import (
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
