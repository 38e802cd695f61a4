"""What stops a command of the monitor."""


class MonitorError(Exception):
    """A command can't do what it was asked for; the message says which file or setting, and what to do."""


class UsageError(MonitorError):
    """The command line is wrong, in a way that argparse does not see."""
