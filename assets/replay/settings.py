"""What a replayed model is trained with: the product's stations, cut down so that a retrain takes seconds."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from data.split_choice import SplitChoice
from models.coldstart.config import ColdUpdateConfig
from models.filterllm.config import FilterLLMConfig

if TYPE_CHECKING:
    from models.coldstart.new_users import NewUserConfig
    from models.collaborative.ials_config import IalsConfig


@dataclass(frozen=True)
class ReplaySettings:
    """Smaller than the product's own; everything not named here is the product's default.

    Attributes:
        d: Numbers per collaborative vector; the space published is that of iALS.
        sweeps: Of iALS.
        regulariser: Of iALS; chosen, like the next one and ``text_weight``, by forward Recall@20 in the three steps
            before the first that is judged, of a synthetic world of another seed (``docs/results.md``).
        unobserved_weight: Of iALS.
        epochs: Of FilterLLM.
        mapper_width: Of its hidden layer.
        text_size: Numbers per closed-form text token.
        landmarks: Warm items up to which the text tokens' regression is exact.
        width: Numbers per user in the finished table.
        text_weight: Of the published space, for cold items; 0 publishes the collaborative vectors alone, in which new
            items still lie by the users that their texts name.
        holdout: Share of items and of warm pairs held out of training.
        minimum: Held-out items wanted at least.
        seed: Of every training.
        language_model: ``embedded``, a folder or a Hugging Face id.
    """

    d: int = 32
    sweeps: int = 6
    regulariser: float = 0.2
    unobserved_weight: float = 0.1
    epochs: int = 3
    mapper_width: int = 256
    text_size: int = 192
    landmarks: int = 1500
    width: int = 256
    text_weight: float = 0.0
    holdout: float = 0.05
    minimum: int = 100
    seed: int = 42
    language_model: str = "embedded"

    def split(self) -> SplitChoice:
        """How snapshots are split."""
        return SplitChoice(holdout=self.holdout, minimum=self.minimum)

    def tokens(self) -> "IalsConfig":
        """Of the collaborative vectors."""
        from models.collaborative.ials_config import IalsConfig

        return IalsConfig(
            d=self.d,
            unobserved_weight=self.unobserved_weight,
            regulariser=self.regulariser,
            sweeps=self.sweeps,
            seed=self.seed,
        )

    def filterllm(self) -> FilterLLMConfig:
        """Of the text model."""
        return FilterLLMConfig(
            language_model=self.language_model,
            epochs=self.epochs,
            constant_epochs=min(1, self.epochs),
            mapper_width=self.mapper_width,
            text_size=self.text_size,
            text_landmarks=self.landmarks,
            width=self.width,
            device="cpu",
            seed=self.seed,
        )

    def placement(self) -> ColdUpdateConfig:
        """How items are placed."""
        return ColdUpdateConfig(
            space="token_vectors",
            text_weight=self.text_weight,
            fold_regulariser=self.regulariser,
            fold_unobserved_weight=self.unobserved_weight,
            seed=self.seed,
        )

    def new_users(self) -> "NewUserConfig":
        """How users outside the vocabulary are folded in."""
        from models.coldstart.new_users import NewUserConfig

        return NewUserConfig(unobserved_weight=self.unobserved_weight, regulariser=self.regulariser)

    def as_json(self) -> dict[str, Any]:
        """All that a model is trained, placed and judged with."""
        return {
            "tokens": asdict(self.tokens()),
            "filterllm": asdict(self.filterllm()),
            "placement": asdict(self.placement()),
            "new_users": asdict(self.new_users()),
            "snapshot": asdict(self.split()),
        }
