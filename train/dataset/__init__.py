"""The data: from a CSV file to checked rows, their labels, and which of them train and which test."""

from train.dataset.csv_columns import Floats
from train.dataset.csv_table import Indices
from train.dataset.loader import MIN_ROWS, Dataset, load_dataset

__all__ = ["MIN_ROWS", "Dataset", "Floats", "Indices", "load_dataset"]
