"""Every model of the table judged again without near-duplicates, from its kept lists."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assets.benchmark.inputs import Inputs

if TYPE_CHECKING:
    from evaluation.evaluation_input import EvaluationInput
    from evaluation.near_duplicates import DuplicateFigure


@dataclass(frozen=True)
class NearDuplicates:
    """The probe of one data set.

    Attributes:
        data: The judges' arrays.
        nearest: Of ``data.cold_items``: the highest cosine to a warm item, shape (c,), float64.
    """

    data: "EvaluationInput"
    nearest: Any

    def figures(self, lists: Any, *, model: str, seed: int) -> "list[DuplicateFigure]":
        """The probe's figures of one model from its lists of the paired question, shape (n, 50), int64."""
        from evaluation.near_duplicates import duplicate_figures
        from evaluation.unit_figures import PAIRED

        return duplicate_figures(lists, self.data, self.nearest, key=PAIRED, model=model, seed=seed)


def near_duplicates(inputs: Inputs, data: "EvaluationInput") -> NearDuplicates | None:
    """The probe; None where no cold item has a test pair.

    Args:
        inputs: Gives the text vectors.
        data: The judges' arrays.
    """
    from evaluation.near_duplicates import nearest_warm
    from models.baselines.text_directions import text_directions

    if not len(data.cold_test):
        return None
    warm = inputs.snapshot.split.warm_items
    directions = text_directions(inputs.features(), warm)
    return NearDuplicates(data, nearest_warm(directions, cold=data.cold_items, warm=warm))
