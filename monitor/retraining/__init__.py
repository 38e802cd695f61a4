"""Retraining: whether it is time, on which rows, and what the new version must pass before a person promotes it.

Truth from outside is not to be trusted: it is checked row by row, capped for each client and source, and judged by rows
that no feedback can reach. Each step is a line of the model's history.
"""
