"""The protocols: each module decodes a request, has it predicted, encodes the answer, and owns its error body.

None of them checks a value, predicts or logs: that is the same for all (checks, service, application).
"""
