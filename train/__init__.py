"""Training: fits a model from a spec, judges it, exports it and publishes it. Knows TensorFlow; knows no Flask."""
