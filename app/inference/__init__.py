"""The prediction: from a route and a batch to an answer. Knows routing and codecs; no request and no log."""
