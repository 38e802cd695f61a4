"""The input: from what clients send to a checked batch of numbers. Knows a signature; no HTTP, no log, no version."""
