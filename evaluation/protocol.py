"""Who is ranked against what: the user side in its three settings, under evaluators A and B.

Evaluator B masks the user's training pairs. Evaluator A masks the user's other known positives too, those of
the other phase (for test figures: the validation ones). In the cold setting the candidates are all held-out
cold items, validation and test together; ranking only the phase's own items would flatter every model.

Source: evaluator B as in ColdRec and the reference FilterLLM code, evaluator A as in the ColdLLM code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from evaluation.array_types import Flags, Indices, Pairs, Scores
from evaluation.evaluation_input import EvaluationInput, Phase, Setting
from evaluation.pair_set import PairSet
from evaluation.scorer import Scorer
from evaluation.top_k import shuffled, tie_starts, top_columns

Evaluator = Literal["A", "B"]

BLOCK_CELLS = 4_000_000
"""Scores held at once (16 MB of float32): large enough for fast products, small enough for any machine."""


@dataclass(frozen=True)
class RankingTask:
    """One question to a model: rank these items for these users.

    Attributes:
        users: Users with truth, sorted, shape (n,), int64.
        candidates: Items to rank, sorted, shape (c,), int64.
        truth: What a good list holds, pairs (N, 2).
        train: Training pairs (N, 2), always masked.
        known: Further pairs to mask (N, 2): the other phase's truth for evaluator A, none for B.
        n_items: I.
    """

    users: Indices
    candidates: Indices
    truth: Pairs
    train: Pairs
    known: Pairs
    n_items: int


@dataclass(frozen=True)
class Ranked:
    """The lists that a model gave.

    Attributes:
        users: Shape (n,), int64.
        items: Item indices, best first, shape (n, k), int64; -1 where no candidate was left.
        hits: Whether each listed item is true, shape (n, k), bool.
        n_true: True items of each user, shape (n,), int64, at least 1.
    """

    users: Indices
    items: Indices
    hits: Flags
    n_true: Indices


def ranking_task(
    data: EvaluationInput, setting: Setting, *, phase: Phase, evaluator: Evaluator = "B"
) -> RankingTask:
    """Pose the question of one setting, phase and evaluator.

    Args:
        data: The snapshot's index arrays.
        setting: "cold", "warm" or "overall".
        phase: Whose held-out pairs are the truth.
        evaluator: "A" or "B".

    Returns:
        The task; its users are those with at least one true pair.

    Raises:
        ValueError: If the setting has no truth or no candidates in this phase.
    """
    truth, candidates = data.truth(setting, phase), data.candidates(setting)
    if not len(truth) or not len(candidates):
        raise ValueError(
            f"setting {setting!r} has {len(truth)} {phase} pairs and {len(candidates)} candidates; "
            "both are needed: enlarge the holdout or leave the setting out"
        )
    other: Phase = "test" if phase == "validation" else "validation"
    known = data.truth(setting, other) if setting != "overall" else _all_held_out(data, other)
    return RankingTask(
        users=np.unique(truth[:, 0]),
        candidates=candidates,
        truth=truth,
        train=data.train,
        known=known if evaluator == "A" else np.empty((0, 2), dtype=np.int64),
        n_items=data.n_items,
    )


def rank_for_users(scorer: Scorer, task: RankingTask, *, k: int, tie_seed: int = 0) -> Ranked:
    """Let a model rank the candidates for each user of the task.

    Scores are asked for in blocks of users; nothing of size (n, c) is kept.

    Args:
        scorer: The model.
        task: The question.
        k: Length of the lists, at least 1.
        tie_seed: Seed of the order among equal scores.

    Returns:
        The lists with their hits.

    Raises:
        ValueError: If ``k`` is below 1, or the model gives a wrong shape or a score that is not finite.
    """
    items = np.empty((len(task.users), max(k, 0)), dtype=np.int64)
    more = np.zeros(len(task.users), dtype=np.int64)
    for block, best in _best_in_blocks(scorer, task, k=k, more=more, tie_seed=tie_seed):
        items[block] = best
    return judged_lists(task, items)


def _best_in_blocks(
    scorer: Scorer, task: RankingTask, *, k: int, more: Indices, tie_seed: int
) -> Iterator[tuple[slice, Indices]]:
    """Blocks of the task's users, and the best items of each: k and as many more (n,) as one of the block asks for."""
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    columns = shuffled(task.candidates, seed=tie_seed)
    starts = tie_starts(task.users, task.train, n_columns=len(columns), seed=tie_seed)
    masked = _masked_columns(task, columns)
    step = max(1, BLOCK_CELLS // len(columns))
    for begin in range(0, len(task.users), step):
        block = slice(begin, begin + step)
        scores = checked_scores(scorer, task.users[block], columns)  # (b, c)
        rows, hidden = masked[block].nonzero()
        scores[rows, hidden] = -np.inf
        best = top_columns(scores, k=k + int(more[block].max()), starts=starts[block])
        yield block, np.where(best >= 0, columns[best], -1)


def rank_by_evaluator(
    scorer: Scorer, data: EvaluationInput, *, setting: Setting, phase: Phase, k: int, tie_seed: int = 0
) -> dict[Evaluator, Ranked]:
    """Rank once and judge as both evaluators: A's list is B's longer list without the other known positives.

    Args:
        scorer: The model.
        data: The snapshot's index arrays.
        setting: "cold", "warm" or "overall".
        phase: Whose held-out pairs are the truth.
        k: Length of the lists.
        tie_seed: Seed of the order among equal scores.

    Returns:
        The lists of evaluators "B" and "A", equal to those of :func:`rank_for_users` for each alone.

    Raises:
        ValueError: As :func:`ranking_task` and :func:`rank_for_users`.
    """
    task_a = ranking_task(data, setting, phase=phase, evaluator="A")
    task_b = ranking_task(data, setting, phase=phase, evaluator="B")
    known = PairSet.of(task_a.known, data.n_items)
    more = np.bincount(task_a.known[:, 0], minlength=data.n_users)[
        task_b.users
    ]  # to be cut from a user's list
    shape = len(task_b.users), max(k, 0)
    items_a, items_b = np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int64)
    for block, best in _best_in_blocks(scorer, task_b, k=k, more=more, tie_seed=tie_seed):
        hidden = known.contains(task_b.users[block, None], best)
        kept = np.argsort(hidden, axis=1, kind="stable")[:, :k]  # unknown ones first, in their order
        items_b[block] = best[:, :k]
        items_a[block] = np.take_along_axis(np.where(hidden, -1, best), kept, axis=1)
    return {"B": judged_lists(task_b, items_b), "A": judged_lists(task_a, items_a)}


def judged_lists(task: RankingTask, items: Indices) -> Ranked:
    """Mark the hits of ready lists.

    Args:
        task: The question that they answer.
        items: Item indices of each of the task's users, best first, shape (n, k), int64; -1 pads.

    Returns:
        The lists with their hits.
    """
    truth = PairSet.of(task.truth, task.n_items)
    counts = np.bincount(task.truth[:, 0], minlength=int(task.users.max()) + 1)
    return Ranked(
        users=task.users,
        items=items,
        hits=truth.contains(task.users[:, None], items),
        n_true=counts[task.users].astype(np.int64),
    )


def checked_scores(scorer: Scorer, users: Indices, items: Indices) -> Scores:
    """Ask a model for a block of scores that may be written to.

    Args:
        scorer: The model.
        users: Shape (b,), int64.
        items: Shape (c,), int64.

    Returns:
        A fresh array (b, c), float32.

    Raises:
        ValueError: If the shape is not (b, c) or a score is nan or infinite.
    """
    scores: Scores = np.array(scorer.scores(users, items), dtype=np.float32)
    if scores.shape != (len(users), len(items)):
        raise ValueError(
            f"{type(scorer).__name__}.scores gave shape {scores.shape}, expected ({len(users)}, {len(items)})"
        )
    if not np.isfinite(scores).all():
        row, column = np.argwhere(~np.isfinite(scores))[0].tolist()
        raise ValueError(
            f"{type(scorer).__name__}.scores gave {scores[row, column]} for user {users[row]} and item "
            f"{items[column]}; scores must be finite"
        )
    return scores


def _all_held_out(data: EvaluationInput, phase: Phase) -> Pairs:
    """Warm and cold pairs of a phase, also of users who have only one kind."""
    return np.concatenate([data.truth("warm", phase), data.truth("cold", phase)])


def _masked_columns(task: RankingTask, columns: Indices) -> sparse.csr_matrix:
    """Which (row, column) cells are masked, as a sparse matrix (n, c)."""
    pairs = np.concatenate([task.train, task.known])
    row_of = np.full(int(max(task.users.max(), pairs[:, 0].max(initial=0))) + 1, -1, dtype=np.int64)
    row_of[task.users] = np.arange(len(task.users))
    column_of = np.full(task.n_items, -1, dtype=np.int64)
    column_of[columns] = np.arange(len(columns))
    rows, places = row_of[pairs[:, 0]], column_of[pairs[:, 1]]
    inside = (rows >= 0) & (places >= 0)
    ones = np.ones(int(inside.sum()), dtype=np.int8)
    shape = (len(task.users), len(columns))
    return sparse.csr_matrix((ones, (rows[inside], places[inside])), shape=shape)
