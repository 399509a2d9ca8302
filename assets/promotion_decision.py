"""The value of the promotion station."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assets.registry import Registry

FILE_NAME = "decision.json"


@dataclass(frozen=True)
class PromotionDecision:
    """What the gate said about a version.

    Attributes:
        version: The challenger.
        champion: The version it was compared with, None if there was none.
        promote: Whether it is to be published.
        reason: One sentence with the numbers.
        numbers: The numbers by name.
        held: Whether a human has to decide; ``coldcast promote VERSION`` then publishes it.
    """

    version: int
    champion: int | None
    promote: bool
    reason: str
    numbers: dict[str, Any]
    held: bool = False

    @property
    def outcome(self) -> str:
        """The verdict in a word."""
        return "promoted" if self.promote else "held" if self.held else "refused"

    def save(self, directory: Path) -> None:
        """Write ``decision.json``."""
        (directory / FILE_NAME).write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls, directory: Path) -> "PromotionDecision":
        """Read ``decision.json``."""
        return cls(**json.loads((directory / FILE_NAME).read_text()))


def note_decision(registry: "Registry", decision: PromotionDecision) -> None:
    """Keep the decision with the version in the registry; of a version that is published already nothing is new."""
    if decision.champion == decision.version:
        return
    if decision.promote:
        registry.accept(decision.version, decision.reason)
    elif decision.held:
        registry.hold(decision.version, decision.reason)
    else:
        registry.refuse(decision.version, decision.reason)
