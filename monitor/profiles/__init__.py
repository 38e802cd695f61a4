"""Profiles: what the rows of a log file add up to, in counts that are exact and that add.

A reference of R rows parts the numbers of a column into 2R + 1 cells: its values, and the gaps between them. How many
rows of the log fall into each cell is all that the tests of drift need, and counts of two files are the sum of both.
How rows are read from files is said in monitor/logs.
"""
