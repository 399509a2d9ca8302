"""Settings of FilterLLM."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Any, Literal

MapperKind = Literal["mlp", "linear"]
Similarity = Literal["cosine", "dot"]
TokenInit = Literal["collaborative", "random"]

DEVICE = r"auto|(cpu|cuda|mps|xpu)(:\d+)?"
_CHOICES: dict[str, tuple[str, ...]] = {
    "dtype": ("auto", "float32", "bfloat16"),
    "base_weights": ("float32", "bfloat16"),
    "mapper": ("mlp", "linear"),
    "similarity": ("cosine", "dot"),
    "token_init": ("collaborative", "random"),
}
_AT_LEAST_ONE = (
    "mapper_width",
    "epochs",
    "batch_size",
    "lora_rank",
    "lora_batch_size",
    "text_size",
    "text_landmarks",
    "width",
)
_AT_LEAST_ZERO = (
    "behaviour_weight",
    "mirrored_weight",
    "weight_decay",
    "text_weight",
    "text_item_power",
    "text_user_power",
    "text_user_spread",
    "bias_power",
    "smoothing",
    "distillation_epochs",
    "lora_epochs",
    "seed",
)
_ABOVE_ZERO = (
    "initial_scale",
    "learning_rate",
    "lora_alpha",
    "lora_learning_rate",
    "head_learning_rate",
    "text_ridge",
    "smoothing_ridge",
    "distillation_learning_rate",
)


@dataclass(frozen=True)
class FilterLLMConfig:
    """What the language model reads, how users become tokens, how both are trained.

    The defaults were chosen on the cold validation items of CiteULike-a (titles, split-seed42).

    Attributes:
        language_model: ``"embedded"`` (all-MiniLM-L6-v2 out of an installed package), a Hugging Face id, or a
            folder.
        base_weights: Width in which the frozen weights are held; bfloat16 halves the memory of a big model.
        dtype: Width of matrix products while LoRA is trained; ``"auto"``: bfloat16 where the device is fast in it.
        device: A torch device, or ``"auto"``: CUDA if there is one, else the CPU.
        prompt_template: What the language model reads; holds ``{text}`` exactly once.
        max_tokens: Tokens of a whole prompt, >= 8; longer texts lose their end.
        token_init: Tokens start at the users' collaborative vectors, or at random (an ablation).
        token_size: d, numbers per user token. None: the width of the collaborative vectors.
        mapper: One hidden layer with GELU and dropout, or the reference's Linear + ReLU.
        mapper_width: Width of the MLP's hidden layer, >= 1; without effect on ``"linear"``.
        mapper_dropout: Share of the hidden layer dropped in training, in [0, 1).
        similarity: Cosine times a learned scale, or the reference's inner product.
        bias_power: A user of n pairs starts with the bias log((1 + n) ** bias_power), >= 0.
        initial_scale: Where the cosine's scale starts, > 0; without effect on ``"dot"``.
        behaviour_weight: lambda, weight of the distance to the collaborative item vectors, >= 0.
        mirrored_weight: Weight of the loss over the batch's items for each user, >= 0; the reference has 0.
        epochs: Passes over the warm items with the language model frozen, >= 1.
        constant_epochs: Epochs before the learning rate falls along a cosine, 0..epochs.
        patience: Validations without improvement that end a stage, >= 1. None: never.
        batch_size: Items per step in stage 1, >= 1; less on small data, for at least 32 steps per epoch.
        learning_rate: AdamW's in stage 1, > 0.
        weight_decay: AdamW's in both stages, >= 0.
        lora_epochs: Passes over the warm items with LoRA, >= 0; 0 leaves stage 2 out.
        lora_rank: Rank of the LoRA updates, >= 1.
        lora_alpha: LoRA scale: updates are multiplied by lora_alpha / lora_rank, > 0.
        lora_targets: Names of the adapted layers. None: peft's list for the architecture.
        lora_learning_rate: AdamW's for the LoRA matrices, > 0, falling along a cosine.
        head_learning_rate: AdamW's for mapper and user tokens in stage 2, > 0.
        lora_batch_size: Items per step in stage 2, >= 1; less on small data, likewise.
        text_weight: Weight of the closed-form text tokens, as a share of the one at which left-out items are likeliest,
            >= 0. A new item's are likeliest below 1: what a left-out item's users have in common with others is known
            from it too. 0 leaves the tokens out, as the reference does.
        text_ridge: Regulariser of the text tokens' kernel regression, in items, > 0.
        text_size: Numbers per text token, >= 1.
        text_landmarks: Warm items up to which the regression is exact, >= 1; a share of them stands for more.
            Memory is 4 * text_landmarks^2 bytes.
        text_vector_share: What the collaborative vectors that two texts lead to expect count in the kernel of the
            two, against the texts' own vectors, in [0, 1).
        text_item_power: In the regression what is missed of an item with n users counts 1 / n ** text_item_power, >= 0.
        text_user_power: There a user's n items have 1 / n ** text_user_power of him each, >= 0.
        text_user_spread: A user's values over the items spread as this power of what the regression gave them, >= 0; 0
            lets all users' spread alike, however much the texts tell of each.
        smoothing: Weight of what users with like vectors say against what the user's own texts say, >= 0.
        smoothing_ridge: Regulariser of that projection, in mean squared lengths per number, > 0.
        width: D, numbers per user in the finished table, which holds learned and text tokens together, >= 1.
        distillation_epochs: Passes over the warm items in which that table learns to answer as the wider tables it
            is made of, >= 0; without effect where it is no narrower.
        distillation_learning_rate: Adam's there at width 512, in units of a parameter's standard deviation, > 0; a
            narrower table learns faster.
        appeal_weight: What the appeal of an item's text counts in ``relevance_factors``, in [0, 1]. None: what is best
            on validation, 0.6 where nobody can judge, or what the model has that is extended.
        popularity_weight: Likewise what the popularity that its text leads to expect counts, >= 0; 0 instead of 0.6.
        seed: Seed of initial values, order and dropout, >= 0.

    Raises:
        ValueError: If a value is out of its range.
    """

    language_model: str = "embedded"
    base_weights: Literal["float32", "bfloat16"] = "float32"
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    device: str = "auto"
    prompt_template: str = "{text}"
    max_tokens: int = 128
    token_init: TokenInit = "collaborative"
    token_size: int | None = None
    mapper: MapperKind = "mlp"
    mapper_width: int = 512
    mapper_dropout: float = 0.3
    similarity: Similarity = "cosine"
    bias_power: float = 0.5
    initial_scale: float = 2.0
    behaviour_weight: float = 10.0
    mirrored_weight: float = 6.0
    epochs: int = 5
    constant_epochs: int = 2
    patience: int | None = 3
    batch_size: int = 256
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    lora_epochs: int = 0
    lora_rank: int = 16
    lora_alpha: float = 32.0
    lora_targets: list[str] | None = None
    lora_learning_rate: float = 5e-4
    head_learning_rate: float = 3e-4
    lora_batch_size: int = 128
    text_weight: float = 0.75
    text_ridge: float = 1.0
    text_size: int = 1024
    text_landmarks: int = 16384
    text_vector_share: float = 0.67
    text_item_power: float = 0.6
    text_user_power: float = 0.5
    text_user_spread: float = 0.3
    smoothing: float = 0.5
    smoothing_ridge: float = 0.05
    width: int = 512
    distillation_epochs: int = 8
    distillation_learning_rate: float = 0.008
    appeal_weight: float | None = None
    popularity_weight: float | None = None
    seed: int = 42

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {getattr(self, name)!r}")
        for names, low in ((_AT_LEAST_ONE, 1), (_AT_LEAST_ZERO, 0)):
            for name in names:
                if not getattr(self, name) >= low:
                    raise ValueError(f"{name} must be at least {low}, got {getattr(self, name)}")
        for name in _ABOVE_ZERO:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("token_size", "patience"):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1 or None, got {getattr(self, name)}")
        for name in ("mapper_dropout", "text_vector_share"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be in [0, 1), got {getattr(self, name)}")
        if self.appeal_weight is not None and not 0 <= self.appeal_weight <= 1:
            raise ValueError(f"appeal_weight must be in [0, 1], got {self.appeal_weight}")
        if self.popularity_weight is not None and not self.popularity_weight >= 0:
            raise ValueError(f"popularity_weight must be at least 0, got {self.popularity_weight}")
        if not 0 <= self.constant_epochs <= self.epochs:
            raise ValueError(
                f"constant_epochs must be in 0..epochs={self.epochs}, got {self.constant_epochs}"
            )
        if not self.language_model:
            raise ValueError("language_model must not be empty: 'embedded', a folder or a Hugging Face id")
        if not re.fullmatch(DEVICE, self.device):
            raise ValueError(f"device must be auto, cpu, cuda, cuda:0 or the like, got {self.device!r}")
        if self.lora_targets is not None and not self.lora_targets:
            raise ValueError(
                "lora_targets must name a layer, or be None for peft's list; lora_epochs=0 is no LoRA"
            )
        if self.prompt_template.count("{text}") != 1:
            raise ValueError(f"prompt_template must hold {{text}} exactly once, got {self.prompt_template!r}")
        if self.max_tokens < 8:
            raise ValueError(f"max_tokens must be at least 8, got {self.max_tokens}")

    @classmethod
    def reference(cls, **changes: Any) -> FilterLLMConfig:
        """FilterLLM's reference form: Linear + ReLU, inner product, lambda 10, no further loss, no closed-form part.

        Where it differs from the article: LoRA stays off (``lora_epochs``), targets are normalised, users have a bias
        that starts at their activity, and features are centred. Lists take the usual share of the normaliser along.

        Args:
            changes: Fields that shall differ.

        Source:
            FilterLLM, arXiv 2502.16924.
        """
        fields: dict[str, Any] = {
            "mapper": "linear",
            "similarity": "dot",
            "behaviour_weight": 10.0,
            "mirrored_weight": 0.0,
            "bias_power": 1.0,
            "text_weight": 0.0,
        }
        return cls(**(fields | changes))

    def to_dict(self) -> dict[str, Any]:
        """All fields by name, values as JSON knows them."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> FilterLLMConfig:
        """Back from ``to_dict``.

        Raises:
            ValueError: If a name is not a field.
        """
        unknown = sorted(values.keys() - {field.name for field in dataclasses.fields(cls)})
        if unknown:
            raise ValueError(
                f"unknown FilterLLM setting {unknown[0]!r}; `coldcast config` lists the known ones"
            )
        return cls(**values)
