"""The input: from what clients send to a checked batch of numbers. Knows no HTTP, no log and no version."""
