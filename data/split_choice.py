"""SplitChoice: which split a snapshot gets, in plain values that a row or a run configuration can hold."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields

from data.errors import InputError
from data.holdout import DEFAULT_SALT
from data.split import Protocol


@dataclass(frozen=True)
class SplitChoice:
    """The protocol and its settings; settings of the other protocols are ignored.

    Attributes:
        protocol: ``live`` (salted hash), ``files`` (a folder made by somebody else) or ``time``.
        holdout: live: share of items, and of pairs of warm items, held out; in (0, 0.5].
        minimum: live: held-out items wanted at least; claims up to half of them in a small store.
        salt: live: mixed into every hash; another salt is another holdout, which begins with its own share.
        directory: files: the folder; required there.
        validation_from: time: share of the pairs before the validation time, in (0, 1).
        test_from: time: share of the pairs before the test time, above ``validation_from`` and below 1.

    Raises:
        ValueError: If a value is out of its range, or ``directory`` is missing for the protocol ``files``.
    """

    protocol: Protocol = "live"
    holdout: float = 0.05
    minimum: int = 200
    salt: str = DEFAULT_SALT
    directory: str = ""
    validation_from: float = 0.8
    test_from: float = 0.9

    def __post_init__(self) -> None:
        if self.protocol not in ("live", "files", "time"):
            raise ValueError(f"protocol must be live, files or time, got {self.protocol!r}")
        if not 0 < self.holdout <= 0.5:
            raise ValueError(f"holdout must be in (0, 0.5], got {self.holdout}")
        if self.minimum < 0:
            raise ValueError(f"minimum must be at least 0 items, got {self.minimum}")
        if not 0 < self.validation_from < self.test_from < 1:
            raise ValueError(
                "validation_from and test_from must satisfy 0 < validation_from < test_from < 1, "
                f"got {self.validation_from} and {self.test_from}"
            )
        if self.protocol == "files" and not self.directory:
            raise ValueError("directory must name the split's folder when protocol is 'files', got ''")

    def to_json(self) -> str:
        """Write all fields as one JSON object."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> SplitChoice:
        """Read what :meth:`to_json` wrote.

        Raises:
            InputError: If the text is no JSON object of these fields.
        """
        try:
            values = json.loads(text)
            unknown = set(values) - {field.name for field in fields(cls)}
            if unknown:
                raise ValueError(f"unknown settings {sorted(unknown)}")
            return cls(**values)
        except (ValueError, TypeError) as error:
            raise InputError(
                f"the split choice {text!r} cannot be read: {error}. Remedy: plan a new snapshot"
            ) from error
