"""Training: fit a model from a spec, evaluate it, export it and publish it.

A spec (TOML) and its data (CSV) are checked first. Then pipeline.py calls the other modules in order, and a version is
published only if every step succeeded. TensorFlow and keras are needed here only; serving uses the exported files.
"""
