"""The wire: WSGI, Flask and the request log. Knows no model and no protocol."""
