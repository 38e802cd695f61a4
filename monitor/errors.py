"""What stops a command of the monitor."""


class MonitorError(Exception):
    """A command can't do what it was asked for; the message says which file or setting, and what to do."""
