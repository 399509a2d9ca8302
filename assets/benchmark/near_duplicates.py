"""Every model of the table judged again without near-duplicates, from its kept lists."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assets.benchmark.inputs import Inputs
from assets.benchmark.record import Records
from assets.benchmark.units import Unit

if TYPE_CHECKING:
    from evaluation.evaluation_input import EvaluationInput
    from evaluation.near_duplicates import DuplicateFigure
    from evaluation.ranked_lists import ListKey

JUDGED: "ListKey" = ("cold", "test", "B")


def near_duplicate_figures(
    inputs: Inputs, data: "EvaluationInput", records: Records, units: Sequence[Unit]
) -> "list[DuplicateFigure]":
    """The probe's figures of every model.

    Args:
        inputs: Gives the text vectors, if a unit has needed them; a table of models that read no text has no probe.
        data: The judges' arrays.
        records: Where units rest.
        units: Whole units.

    Returns:
        Figures in the order of the units.
    """
    from evaluation.near_duplicates import duplicate_figures, nearest_warm
    from evaluation.ranked_lists import RankedLists
    from models.baselines.text_directions import text_directions

    if not inputs.has_features() or not len(data.cold_test):
        return []
    warm = inputs.snapshot.split.warm_items
    directions = text_directions(inputs.features(), warm)
    nearest = nearest_warm(directions, cold=data.cold_items, warm=warm)
    found: list[DuplicateFigure] = []
    for unit in units:
        for model in unit.entry.models:
            lists = RankedLists.load_one(records.lists(unit, model), JUDGED)
            if lists is not None:
                found += duplicate_figures(lists, data, nearest, key=JUDGED, model=model, seed=unit.seed)
    return found
