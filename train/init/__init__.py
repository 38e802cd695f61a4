"""The command `python -m train init`: looks at a CSV file and writes a spec that trains as it is.

A file is read right, or it is refused with its line numbers. What the file does not say is asked for, never guessed.
"""
