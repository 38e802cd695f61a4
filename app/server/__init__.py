"""The process: what the WSGI server and the C library leave open. Knows nothing of the service."""
