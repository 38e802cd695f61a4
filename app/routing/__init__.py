"""The choice: which loaded version answers a request. Knows the registry and the codecs; no request and no log."""
