"""Reports: what the profiles, the drift and the accuracy of a window say, as JSON, as text and as HTML.

The JSON is the report. The text and the HTML draw it and compute nothing of their own, so they can't disagree with it.
"""
