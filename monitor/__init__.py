"""Monitoring: reads the journal and the registry, knows no Flask. Nothing is in it yet; this is its room."""
