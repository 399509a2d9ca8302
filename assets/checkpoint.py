"""The value of the vocabulary station: a FilterLLM bound to the users it was trained for."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import InputError
from data.snapshot import Snapshot

if TYPE_CHECKING:
    from models.filterllm.distribution import FilterLLM


@dataclass(frozen=True)
class VocabularyCheckpoint:
    """A trained FilterLLM.

    Attributes:
        model: The model.
        user_fingerprint: Fingerprint of the snapshot's users, in token order.
    """

    model: "FilterLLM"
    user_fingerprint: str

    def require_users_of(self, snapshot: Snapshot) -> None:
        """Refuse a snapshot whose users are others, or stand in another order, than those it was trained for.

        Raises:
            InputError: Naming the snapshot.
        """
        expected = snapshot.users.fingerprint
        if self.user_fingerprint != expected:
            raise InputError(
                f"the user vocabulary checkpoint was trained for other users (fingerprint "
                f"{self.user_fingerprint[:12]}) than those of snapshot {snapshot.key} ({expected[:12]}); "
                f"delete user_vocabulary_checkpoint/{snapshot.key} and run `coldcast retrain`"
            )

    def save(self, directory: Path) -> None:
        """Write adapter, mapper and user table; never the frozen weights."""
        from models.filterllm.checkpoint import save_checkpoint

        save_checkpoint(self.model, directory, user_fingerprint=self.user_fingerprint)

    @classmethod
    def load(cls, directory: Path) -> "VocabularyCheckpoint":
        """Read a checkpoint back.

        Raises:
            ValueError: If it is damaged or belongs to another base model.
        """
        from models.filterllm.checkpoint import load_checkpoint

        model = load_checkpoint(directory)
        if model.user_fingerprint is None:
            raise ValueError(f"the checkpoint in {directory} does not say for which users it was trained")
        return cls(model, model.user_fingerprint)
