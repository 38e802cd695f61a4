"""The audit: evidence that the logs, the versions and their history are what was written. Traces, seals and checks.

Reads the journal and the registry; knows no Flask.
"""
