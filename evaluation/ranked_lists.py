"""The lists that a model gave, at rest: small, and enough to compute every figure about it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.array_types import Indices
from evaluation.audience import AUDIENCE_CUTOFFS, judge_audiences, rank_users_for_items
from evaluation.evaluation_input import EvaluationInput, Phase, Setting
from evaluation.judgement import SETTINGS, Judgement
from evaluation.protocol import Evaluator, judged_lists, rank_by_evaluator, ranking_task
from evaluation.scorer import Scorer
from evaluation.user_side import USER_CUTOFFS, UserSide, metric_values

PHASES: tuple[Phase, ...] = ("validation", "test")
EVALUATORS: tuple[Evaluator, ...] = ("A", "B")
AUDIENCES = "audiences"
LONGEST_SHORT = np.iinfo(np.uint16).max  # stands for -1 where indices are kept in 16 bits

ListKey = tuple[Setting, Phase, Evaluator]


@dataclass(frozen=True)
class RankedLists:
    """What one model answered to every question of both sides.

    Attributes:
        users: By setting, phase and evaluator: the items of each user with truth, by rising user_index, best
            first, shape (n, 50), int64; -1 where no candidate was left.
        audiences: The users of each held-out cold item, by rising item_index, best first, shape (c, 100),
            int64; None where no held-out cold item has a true user.
    """

    users: Mapping[ListKey, Indices]
    audiences: Indices | None

    def save(self, path: Path) -> None:
        """Write one compressed ``.npz``: ``user.cold.test.B`` and so on, and ``audiences``."""
        named = {_name(key): _packed(items) for key, items in self.users.items()}
        if self.audiences is not None:
            named[AUDIENCES] = _packed(self.audiences)
        np.savez_compressed(path, **named)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> RankedLists:
        """Read back what :meth:`save` wrote; refuses pickled objects."""
        with np.load(path, allow_pickle=False) as arrays:
            keys = [(s, p, e) for s in SETTINGS for p in PHASES for e in EVALUATORS]
            users = {key: _unpacked(arrays[name]) for key in keys if (name := _name(key)) in arrays}
            return cls(users, _unpacked(arrays[AUDIENCES]) if AUDIENCES in arrays else None)

    @staticmethod
    def load_one(path: Path, key: ListKey) -> Indices | None:
        """Only the lists of one question, or None if the file has none."""
        with np.load(path, allow_pickle=False) as arrays:
            return _unpacked(arrays[_name(key)]) if _name(key) in arrays else None


def rank_everything(scorer: Scorer, data: EvaluationInput, *, audience: Scorer | None = None) -> RankedLists:
    """Ask a model every question of both sides and keep its lists.

    Args:
        scorer: The model.
        data: The snapshot's index arrays.
        audience: Who names an item's users, where the model has an answer of its own for that; None: ``scorer``.

    Returns:
        The lists; a setting without truth in a phase is absent.

    Raises:
        ValueError: If the model's scores are malformed.
    """
    users: dict[ListKey, Indices] = {}
    for setting in SETTINGS:
        for phase in PHASES:
            if not len(data.truth(setting, phase)):
                continue
            lists = rank_by_evaluator(scorer, data, setting=setting, phase=phase, k=max(USER_CUTOFFS))
            users |= {(setting, phase, evaluator): ranked.items for evaluator, ranked in lists.items()}
    if not len(data.cold_validation) + len(data.cold_test):
        return RankedLists(users, None)
    most = max(AUDIENCE_CUTOFFS)
    asked = audience or scorer
    return RankedLists(users, rank_users_for_items(asked, data.cold_items, n_users=data.n_users, k=most))


def judgement_of(lists: RankedLists, data: EvaluationInput) -> Judgement:
    """Judge a model by its kept lists alone.

    Args:
        lists: Of :func:`rank_everything` on the same data.
        data: The snapshot's index arrays.

    Returns:
        Exactly what :func:`evaluation.judgement.judge_scores` says of the model, over both phases.

    Raises:
        ValueError: If the lists are of other users or items than the data's.
    """
    users = {key: user_side_of(items, data, key=key) for key, items in lists.users.items()}
    if lists.audiences is None:
        return Judgement(users, {})
    _require_rows("audiences", lists.audiences, len(data.cold_items))
    return Judgement(users, judge_audiences(lists.audiences, data))


def user_side_of(items: Indices, data: EvaluationInput, *, key: ListKey) -> UserSide:
    """One question's values per user.

    Args:
        items: Shape (n, 50), int64.
        data: The snapshot's index arrays.
        key: Setting, phase and evaluator.

    Returns:
        All metrics at all list lengths.

    Raises:
        ValueError: If there is not one list for each user with truth.
    """
    setting, phase, evaluator = key
    task = ranking_task(data, setting, phase=phase, evaluator=evaluator)
    _require_rows(_name(key), items, len(task.users))
    values = metric_values(judged_lists(task, items), USER_CUTOFFS)
    return UserSide(setting, phase, evaluator, task.users, values)


def _name(key: ListKey) -> str:
    return ".".join(("user", *key))


def _require_rows(name: str, lists: Indices, expected: int) -> None:
    """Lists of another split have another number of rows, and would be read wrongly in silence."""
    if len(lists) != expected:
        raise ValueError(f"{name} must hold {expected} lists, got {len(lists)}; they are of another split")


def _packed(indices: Indices) -> npt.NDArray[Any]:
    """16 bits an index where that is enough."""
    if indices.max(initial=0) < LONGEST_SHORT:
        return np.where(indices < 0, LONGEST_SHORT, indices).astype(np.uint16)
    return indices.astype(np.int32)


def _unpacked(kept: npt.NDArray[Any]) -> Indices:
    """Back to int64 with -1 as padding."""
    indices = kept.astype(np.int64)
    return np.where(indices == LONGEST_SHORT, -1, indices) if kept.dtype == np.uint16 else indices
