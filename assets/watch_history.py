"""The value of the watch: what was measured of each published version, and when."""

import json
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path

FILE_NAME = "measurements.json"
PAGE = "watch.html"
KEPT = 2000  # measurements; at one an hour twelve weeks
FORWARD = "forward_recall_at_20"


@dataclass(frozen=True)
class Measurement:
    """One look at what is published.

    Attributes:
        version: The published version.
        at: Unix seconds.
        numbers: By name; what could not be measured is left out.
    """

    version: int
    at: int
    numbers: dict[str, float]


@dataclass(frozen=True)
class WatchHistory:
    """Measurements, the oldest first."""

    measurements: tuple[Measurement, ...] = ()

    def with_one(self, measurement: Measurement) -> "WatchHistory":
        """The history with one more; the loss of the forward metric since the version's first look is added.

        Only the newest are kept, and of each version the first, against which later ones are compared.
        """
        numbers = {name: value for name, value in measurement.numbers.items() if math.isfinite(value)}
        before = next((one for one in self.of(measurement.version) if FORWARD in one.numbers), None)
        if before is not None and before.numbers[FORWARD] > 0 and FORWARD in numbers:
            numbers["forward_drop"] = max(0.0, 1 - numbers[FORWARD] / before.numbers[FORWARD])
        kept = (*self.measurements, replace(measurement, numbers=numbers))
        firsts = {id(self._first_with_forward(kept, one.version)) for one in kept}
        newest = kept[-KEPT:]
        return WatchHistory(tuple(one for one in kept[:-KEPT] if id(one) in firsts) + newest)

    def of(self, version: int) -> list[Measurement]:
        """The measurements of one version, the oldest first."""
        return [one for one in self.measurements if one.version == version]

    def newest(self, version: int) -> dict[str, float]:
        """The newest numbers of a version, empty before the first look."""
        found = self.of(version)
        return found[-1].numbers if found else {}

    @staticmethod
    def _first_with_forward(kept: tuple[Measurement, ...], version: int) -> Measurement | None:
        return next((one for one in kept if one.version == version and FORWARD in one.numbers), None)

    def save(self, directory: Path) -> None:
        """Write ``measurements.json``, and ``watch.html`` for the reader."""
        from evaluation.watch_page import watch_page

        text = json.dumps([asdict(one) for one in self.measurements], allow_nan=False)
        (directory / FILE_NAME).write_text(text, encoding="utf-8")
        looks = [(one.version, one.at, one.numbers) for one in self.measurements]
        (directory / PAGE).write_text(watch_page(looks), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> "WatchHistory":
        """Read what :meth:`save` wrote."""
        rows = json.loads((directory / FILE_NAME).read_text(encoding="utf-8"))
        return cls(tuple(Measurement(**row) for row in rows))
