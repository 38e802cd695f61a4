"""The prediction: from a route and a batch to an answer. Knows no request and no log."""
