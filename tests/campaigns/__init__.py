"""Fault campaigns: storms of kills and failing disks under load, and fuzzing. docs/reliability.md has their figures.

Each is a command that counts and exits with 1 if a count that must be zero is not.
"""
