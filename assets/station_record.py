"""What a station notes about itself while it works: settings, epochs and time.

The record rests beside the station's value: the report draws loss curves from it, and a later retrain sees by
its settings whether the value can be kept.
"""

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

RECORD = "record.json"


@dataclass
class StationRecord:
    """One station's notes.

    Attributes:
        station: The asset's name.
        parameters: Its settings, flat.
        epochs: One mapping per epoch: ``step`` and metric values.
        started, ended: Unix time in seconds.
    """

    station: str
    parameters: dict[str, Any]
    started: float = 0.0
    ended: float = 0.0
    epochs: list[dict[str, float]] = field(default_factory=list)

    def epoch(self, step: int, metrics: dict[str, float]) -> None:
        """Note one epoch's metrics."""
        self.epochs.append({"step": step, **metrics})

    @property
    def seconds(self) -> float:
        """How long the station worked, up to now while it still does."""
        return (self.ended or time.time()) - self.started

    def save(self, directory: Path) -> None:
        """Write ``record.json``."""
        (directory / RECORD).write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls, directory: Path) -> "StationRecord":
        """Read ``record.json``.

        Raises:
            FileNotFoundError: If the folder has none.
        """
        return cls(**json.loads((directory / RECORD).read_text()))


@dataclass(frozen=True)
class Recorded:
    """A station's value with its record; the IO manager keeps both in one folder."""

    value: Any
    record: StationRecord

    def save(self, directory: Path) -> None:
        """Write the value, then the record, into ``directory``."""
        self.value.save(directory)
        self.record.save(directory)
