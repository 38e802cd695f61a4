"""The accuracy of what was answered, against the truth: figures with intervals, sources that differ, and the verdict.

Rows of a request are not independent: every interval is one between requests.
"""

from monitor.accuracy.rule import judge_accuracy

__all__ = ["judge_accuracy"]
