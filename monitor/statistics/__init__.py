"""The tests of drift. Each is a module with the same three parts: ``statistic``, ``p_value`` and ``effect``.

They work on the counts of rows in a reference's cells (monitor/profiles/reference.py) and on sums by request. Only the
domain classifier sees rows. How they decide is in monitor/drift. ``stability_index`` and ``wasserstein`` have only a
statistic: it is shown, and nothing is decided by it.
"""
