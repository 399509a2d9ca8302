"""Ours: the product, FilterLLM scored directly, and FilterLLM in its reference form."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from assets.benchmark.collaborative import collaborative_settings
from assets.benchmark.entry import MOST_SEEDS, RIVAL_SEEDS, Entry, Scored
from assets.benchmark.revisions import CALIBRATION, revised
from assets.benchmark.rivals import BPR_VECTORS
from assets.benchmark.training_share import Share, cut_to
from models.coldstart.config import ColdUpdateConfig
from models.filterllm.config import FilterLLMConfig

if TYPE_CHECKING:
    from assets.benchmark.inputs import Inputs

PRODUCT = "default"
DIRECT = "filterllm"
REFERENCE = "filterllm_reference"
FAMILY = "filterllm"
"""Whose revision holds for every form, the ensemble and the study of first interactions."""


@dataclass(frozen=True)
class Form:
    """One way to make a FilterLLM, and the names of what comes of it.

    Attributes:
        direct: Name in the table of the distribution scored directly.
        placed: Likewise of the product's placement; None leaves it out.
        vectors: Kind of collaborative vectors that the user tokens start from.
        changes: Fields of its settings that differ from the product's, or from the reference form's.
        reference: In its reference form, to the last epoch, and placed by BPR against random warm items.
        share: Part of the training pairs that it is trained on; None: all.
    """

    direct: str
    placed: str | None = None
    vectors: str = "ials"
    changes: Mapping[str, Any] = field(default_factory=dict)
    reference: bool = False
    share: Share | None = None

    @property
    def spaces(self) -> dict[str, str]:
        """Vectors of the stations out of which the published space is chosen."""
        bpr = self.vectors if self.vectors in BPR_VECTORS else "mf"
        return {"token_vectors": self.vectors, "bpr_embeddings": bpr}

    def config(self, seed: int, *, language_model: str = "embedded") -> FilterLLMConfig:
        """Of the training."""
        make = FilterLLMConfig.reference if self.reference else FilterLLMConfig
        return make(language_model=language_model, seed=seed, **self.changes)

    def update(self, seed: int) -> ColdUpdateConfig:
        """How cold items are placed."""
        return ColdUpdateConfig.literal(seed=seed) if self.reference else ColdUpdateConfig(seed=seed)

    def settings(self, seed: int) -> dict[str, Any]:
        """All that it is trained and placed with, as JSON values."""
        kinds = {self.vectors, *(self.spaces.values() if self.placed else ())}
        given = {
            "filterllm": asdict(self.config(seed)),
            "validated": not self.reference,
            "placement": asdict(self.update(seed)) if self.placed else None,
            "vectors": {kind: collaborative_settings(kind, seed) for kind in sorted(kinds)},
            "tokens": self.vectors,
            "share": None if self.share is None else asdict(self.share),
        }
        return revised(FAMILY, revised(CALIBRATION, given) if self.placed else given)

    def entry(self, *, seeds: int, quick: bool = False) -> Entry:
        """Its line in the registry; the unit bears the name of what is placed, else of what is not."""
        models = (self.direct,) if self.placed is None else (self.direct, self.placed)

        def build(inputs: "Inputs", seed: int) -> Iterator[Scored]:
            return made(self, inputs, seed)

        return Entry(self.placed or self.direct, models, seeds, build, quick, self.settings)


def made(form: Form, inputs: "Inputs", seed: int) -> Iterator[Scored]:
    """Train a form and yield its scorers: scored directly, then placed, where that is wanted."""
    from assets.scorers import direct_scorer

    if form.share is not None:
        yield from _made_of_a_share(form, form.share, inputs, seed)
        return
    model, dtype = fitted(form, inputs, seed)
    with model.remembering():
        direct = direct_scorer(inputs.snapshot, model)
        yield Scored(form.direct, direct.scorer, dtype)
        if form.placed is not None:
            yield Scored(form.placed, _placed(form, model, inputs, seed), dtype, direct.probabilities)


def fitted(form: Form, inputs: "Inputs", seed: int) -> tuple[Any, str]:
    """A FilterLLM, and the width of the matrix products it was trained with."""
    import torch

    from assets.judging import cold_ndcg_by_part, cold_value
    from models.filterllm.fit import fit_filterllm
    from models.filterllm.precision import training_precision

    config, snapshot = form.config(seed, language_model=inputs.language_model), inputs.snapshot
    tokens = inputs.vectors(form.vectors, seed)
    model = fit_filterllm(
        snapshot.texts[tokens.warm_item_index],
        snapshot.split.train,
        tokens,
        config=config,
        validate=None if form.reference else cold_value(snapshot),
        by_part=None if form.reference else cold_ndcg_by_part(snapshot),
        on_epoch=inputs.on_epoch("FilterLLM"),
        language_model=inputs.reader(config),
    )
    lora = training_precision(config.dtype, torch.device("cpu"))
    return model, lora if config.lora_epochs else "float32"


def _placed(form: Form, model: Any, inputs: "Inputs", seed: int) -> Any:
    """Users and items as they would be published, by the functions of a retrain."""
    from assets.scorers import placed_table
    from assets.spaces import chosen_space, composed_space
    from evaluation.scorer import FactorScorer

    snapshot, update = inputs.snapshot, form.update(seed)
    spaces = {
        name: inputs.vectors(kind, seed)
        for name, kind in form.spaces.items()
        if update.space in ("auto", name)
    }
    name = chosen_space(snapshot, spaces, update)
    space = composed_space(snapshot, spaces[name], model, update)
    return FactorScorer(space.users, placed_table(snapshot, space, model, update))


def _made_of_a_share(form: Form, share: Share, inputs: "Inputs", seed: int) -> Iterator[Scored]:
    """Trained on part of the pairs, asked for all users: whom it does not know it cannot rank."""
    from dataclasses import replace

    from evaluation.scorer import RenumberedScorer

    snapshot, numbers = cut_to(share, inputs.snapshot, seed)
    for one in made(replace(form, share=None), inputs.on(snapshot), seed):
        audience = None if one.audience is None else RenumberedScorer(one.audience, numbers)
        yield replace(one, scorer=RenumberedScorer(one.scorer, numbers), audience=audience)


ENTRIES = (
    Form(DIRECT, PRODUCT).entry(seeds=MOST_SEEDS, quick=True),
    *(
        Form(name, f"{name}_placed", vectors=kind, reference=True).entry(seeds=RIVAL_SEEDS)
        for kind, name in (
            ("mf", REFERENCE),
            *((kind, f"{REFERENCE}_{kind}") for kind in BPR_VECTORS if kind != "mf"),
        )
    ),
)
