"""Monitoring: what the logs and the registry say together. Traces of answers, comparisons of versions, seals of logs.

Reads the journal and the registry; knows no Flask.
"""
