"""Whom to tell of a failed run."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True)
class AlertChoice:
    """Whom to tell of a failed run.

    Attributes:
        webhook: Address that gets a JSON object by POST; empty tells nobody. ``COLDCAST_WEBHOOK_URL`` is taken first.
    """

    webhook: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.webhook and not is_web_address(self.webhook):
            raise ValueError(
                "webhook must be an http:// or https:// address (it is not shown, it may be secret)"
            )


def is_web_address(text: str) -> bool:
    """Whether a text is an HTTP address with a host."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
