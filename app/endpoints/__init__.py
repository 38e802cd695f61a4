"""The doors: a module for each URL family. It decodes a request, has it predicted, and encodes the answer.

None of them validates a value, predicts or logs: that is the same for all (codecs, inference, http).
"""
