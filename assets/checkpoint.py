"""The value of the vocabulary station: a FilterLLM bound to the users it was trained for."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
