"""A true ensemble: several models asked each time, their scores added; no table of vectors holds it."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from assets.benchmark import closed_forms, rivals
from assets.benchmark.entry import Entry, Scored, entry_named
from assets.benchmark.product import DIRECT, Form, fitted
from assets.benchmark.revisions import revised

if TYPE_CHECKING:
    from assets.benchmark.inputs import Inputs

NAME = "ensemble"
FILTERLLM_SEEDS = 3


def _build(inputs: "Inputs", seed: int) -> Iterator[Scored]:
    """Weights from the cold validation pairs; equal ones where there are none."""
    from data.split import ItemRole
    from models.baselines.score_sum import WeightedSum, Written, ZScored, climbed

    snapshot = inputs.snapshot
    several = [_direct(inputs, seed + number) for number in range(FILTERLLM_SEEDS)]
    closed = [one.scorer for entry in _closed_forms() for one in entry.build(inputs, seed)]
    groups = [several, *([one] for one in closed)]
    validate = rivals.cold_validation(snapshot)
    cold = snapshot.split.items_with_role(ItemRole.COLD_VALIDATION, ItemRole.COLD_TEST)
    lists = [[ZScored.over_items(one, cold, n_users=snapshot.n_users) for one in group] for group in groups]
    weights = [1.0] * len(groups)
    if validate is not None:
        known = [Written.of(WeightedSum.mean(group), cold, n_users=snapshot.n_users) for group in lists]
        weights = climbed(weights, lambda tried: validate(WeightedSum(known, tried)))
    sizes = {"n_users": snapshot.n_users, "n_items": snapshot.n_items}
    audiences = [[ZScored.over_users(one, **sizes) for one in group] for group in groups]
    summed, named = (
        WeightedSum([WeightedSum.mean(group) for group in kind], weights) for kind in (lists, audiences)
    )
    yield Scored(NAME, summed, audience=named)


def _direct(inputs: "Inputs", seed: int) -> Any:
    """FilterLLM's users and items as vectors; kept, so that an interrupted ensemble goes on at the next seed."""
    from evaluation.scorer import FactorScorer

    form = Form(DIRECT)
    inputs.vectors(form.vectors, seed)  # shared by themselves: their seconds must not count twice
    inputs.features()

    def compute() -> dict[str, Any]:
        model, _ = fitted(form, inputs, seed)
        return {"users": model.user_factors(), "items": model.relevance_factors(inputs.texts)}

    settings = {**inputs.text_settings(), **form.settings(seed)}
    return FactorScorer(**inputs.shared("filterllm", settings, compute))


def _closed_forms() -> list[Entry]:
    """The table's own."""
    return [
        entry_named(rivals.ENTRIES, "kernel_ridge"),
        entry_named(closed_forms.ENTRIES, "content_knn"),
    ]


def _settings(seed: int) -> Mapping[str, Any]:
    from models.baselines.score_sum import MULTIPLES, SWEEPS

    return {
        "filterllm": [Form(DIRECT).settings(seed + number) for number in range(FILTERLLM_SEEDS)],
        **{one.name: revised(one.name, one.settings(seed)) for one in _closed_forms()},
        "search": [MULTIPLES, SWEEPS],
    }


ENTRIES = (Entry(NAME, (NAME,), 1, _build, settings=_settings),)
