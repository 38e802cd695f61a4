"""The choice: which loaded version answers a request. Knows no request and no log."""
