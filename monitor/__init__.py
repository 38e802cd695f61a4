"""Monitoring: statistics over the logs. Today: how far two versions are apart on the same requests.

Reads the journal and the registry; knows no Flask.
"""
