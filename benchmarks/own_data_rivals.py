"""The rivals of own_data.py: scikit-learn's learners with what a careful user puts before them, fitted in each fold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from tests.data_sets import DataSet

RIVALS = ("ridge", "gradient boosting", "histogram boosting")
SEED = 42


def rows_of(item: DataSet) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame]:
    """Return a set's rows that have a label: as in its file, their labels, and the columns that rivals learn from.

    Nobody would train on row numbers, free text or parts of the label, so the rivals don't get them. Dates become their
    year and month, and a missing text is a text.
    """
    table = item.table()
    table = table[table[item.label].notna()].reset_index(drop=True)
    inputs = table.drop(columns=[item.label, *item.left_out])
    for name in item.dates:
        dates = pd.to_datetime(inputs.pop(name))
        inputs[f"{name} year"], inputs[f"{name} month"] = dates.dt.year, dates.dt.month
    texts = [name for name in inputs if not pd.api.types.is_numeric_dtype(inputs[name])]
    inputs[texts] = inputs[texts].astype(object).where(inputs[texts].notna(), "(missing)").astype(str).astype(object)
    return table, table[item.label].to_numpy(np.float64), inputs


def make_rival(name: str, inputs: pd.DataFrame) -> Any:
    """Return an unfitted rival for a table of inputs; ridge chooses its penalty by leave-one-out."""
    texts = [name for name in inputs if inputs[name].dtype == object]
    numbers = [name for name in inputs if name not in texts]
    if name == "histogram boosting":
        codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
        columns = ColumnTransformer([("texts", codes, texts), ("numbers", "passthrough", numbers)])
        learner = HistGradientBoostingRegressor(categorical_features=list(range(len(texts))), random_state=SEED)
        return make_pipeline(columns, learner)
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    filled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    columns = ColumnTransformer([("texts", one_hot, texts), ("numbers", filled, numbers)])
    if name == "ridge":
        return make_pipeline(columns, RidgeCV(np.logspace(-2, 4, 19)))
    return make_pipeline(columns, GradientBoostingRegressor(random_state=SEED))
