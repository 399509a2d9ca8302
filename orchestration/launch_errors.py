"""What a failed job, or a server that ended, tells the person who started it."""


class JobFailed(RuntimeError):
    """A station failed or a blocking check stopped the way; the message says which and why."""


class ServerEnded(RuntimeError):
    """A server of ``coldcast ui`` ended by itself; the message says which and how."""
