"""Reading the logs: rows of log files as blocks of arrays, whichever reader got them, and what the requests came to.

DuckDB reads; where it disagrees with the number of lines, the journal's own reader does. What is computed from the
blocks is said in monitor/profiles.
"""
