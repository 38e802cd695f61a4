"""The exports: a network's files in every format."""
