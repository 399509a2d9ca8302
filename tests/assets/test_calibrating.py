"""Cold and warm items in one list."""

from __future__ import annotations

import numpy as np

from assets.calibrating import LENGTH, Lists, best_blend


def lists(scores: list[list[float]], hits: list[list[int]], n_true: list[int]) -> Lists:
    """Lists filled up to their length with ever worse misses."""
    rows = [row + [row[-1] - 0.01 * step for step in range(1, LENGTH - len(row) + 1)] for row in scores]
    found = [row + [0] * (LENGTH - len(row)) for row in hits]
    return Lists(np.array(rows), np.array(found, dtype=bool), np.array(n_true))


def merged_hits(warm: Lists, cold: Lists, scale: float, offset: float) -> int:
    scores = np.concatenate([warm.scores, scale * cold.scores + offset], axis=1)
    hits = np.concatenate([warm.hits, cold.hits], axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :LENGTH]
    return int(np.take_along_axis(hits, order, axis=1).sum())


def test_cold_items_on_another_scale_find_their_place() -> None:
    warm = lists([[10.0, 9.0, 2.0], [12.0, 8.0, 1.0]], [[1, 1, 0], [1, 0, 0]], [2, 1])
    cold = lists([[-900.0, -950.0, -1000.0], [-910.0, -940.0, -990.0]], [[1, 0, 0], [1, 0, 0]], [1, 1])
    scale, offset = best_blend(warm, cold)
    assert scale > 0
    assert merged_hits(warm, cold, scale, offset) == 5
    assert merged_hits(warm, cold, 1.0, 0.0) == 3  # as they come, no cold item is shown


def test_where_cold_items_are_never_right_they_go_below() -> None:
    warm = lists([[10.0, 9.0, 8.0]], [[1, 1, 1]], [3])
    cold = lists([[30.0, 20.0, 10.0]], [[0, 0, 0]], [0])
    scale, offset = best_blend(warm, cold)
    top = np.argsort(-np.concatenate([warm.scores, scale * cold.scores + offset], axis=1)[0])[:3]
    assert top.tolist() == [0, 1, 2]


def test_lists_that_show_everything_anyway_stay_as_they_come() -> None:
    warm = lists([[1.0]], [[1]], [1])
    short = warm.scores.copy()
    short[:, 3:] = -np.inf
    assert best_blend(Lists(short, warm.hits, warm.n_true), warm) == (1.0, 0.0)
