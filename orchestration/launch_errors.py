"""What a failed job tells the person who started it."""


class JobFailed(RuntimeError):
    """A station failed or a blocking check stopped the way; the message says which and why."""
