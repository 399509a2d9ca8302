"""The synthetic world: its right answer is a distribution, events follow it, one word gives little away."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from data.errors import InputError
from data.readers.dataset import Source
from data.readers.synthetic import START, SyntheticWorld, WorldSize, meaning_of
from data.readers.synthetic_words import ANGLES, THEMES


@pytest.fixture(scope="module")
def world() -> SyntheticWorld:
    return SyntheticWorld.create(seed=3)


def rows(source: Source | None) -> dict[str, list[object]]:
    assert source is not None
    batches = list(source.batches())
    return {
        name: [value for batch in batches for value in batch.column(name).to_pylist()]
        for name in batches[0].schema.names
    }


def test_the_right_answer_is_a_distribution(world: SyntheticWorld) -> None:
    for item in (0, 7, 1499):
        probability = world.true_probability(item)
        assert probability.shape == (600,)
        assert (probability > 0).all()
        assert probability.sum() == pytest.approx(1)


def test_events_follow_the_right_answer(world: SyntheticWorld) -> None:
    """Per tenth of users by true probability, hits summed over items are near their expectation."""
    log_p = world.true_log_probabilities(world.user_ids, world.titles)  # (U, items)
    order = np.argsort(-log_p, axis=0)
    hit = np.zeros(log_p.shape, dtype=np.bool_)
    hit[world.pairs[:, 0], world.pairs[:, 1]] = True
    by_rank = np.take_along_axis(hit, order, axis=0).reshape(10, 60, -1).sum(axis=(1, 2))
    assert (np.diff(by_rank) < 0).all()
    top_mass = np.exp(np.take_along_axis(log_p, order[:60], axis=0)).sum(axis=0).mean()
    assert by_rank[0] / by_rank.sum() == pytest.approx(
        top_mass, abs=0.12
    )  # without replacement takes from the top


def test_every_theme_and_angle_meets_every_topic_equally_often() -> None:
    for n_topics in (2, 3, 4, 6, 12):
        table = SyntheticWorld.create(2, 1, n_topics=n_topics, n_interactions=2).topic_of
        for row in (*table, *table.T):
            assert np.bincount(row, minlength=n_topics).tolist() == [12 // n_topics] * n_topics


def test_single_words_get_part_of_the_way_and_combinations_further(world: SyntheticWorld) -> None:
    """Cold items ranked per user: oracle > knows (theme, angle) > adds theme and angle up > chance."""
    cold = np.random.default_rng(0).permutation(1500)[:300]
    warm = np.setdiff1d(np.arange(1500), cold)
    hit = np.zeros((600, 1500))
    hit[world.pairs[:, 0], world.pairs[:, 1]] = 1
    meanings = np.array([meaning_of(title) for title in world.titles])
    single = np.concatenate([np.eye(12)[meanings[:, 0]], np.eye(12)[meanings[:, 1]]], axis=1)
    combined = np.concatenate([np.eye(12)[world.topic_of[meanings[:, 0], meanings[:, 1]]], single], axis=1)
    recalls = {
        "oracle": recall(world.true_log_probabilities(world.user_ids, world.titles)[:, cold], hit[:, cold]),
        "combined": recall(ridge(combined, hit, warm)[:, cold], hit[:, cold]),
        "single": recall(ridge(single, hit, warm)[:, cold], hit[:, cold]),
        "chance": 20 / 300,
    }
    values = list(recalls.values())
    assert all(better > worse * 1.08 for better, worse in pairwise(values)), recalls


def ridge(
    features: NDArray[np.float64], hit: NDArray[np.float64], warm: NDArray[np.int64]
) -> NDArray[np.float64]:
    known = features[warm]
    weights = np.linalg.solve(known.T @ known + 3 * np.eye(known.shape[1]), known.T @ hit[:, warm].T)
    scores: NDArray[np.float64] = (features @ weights).T
    return scores


def recall(scores: NDArray[np.floating], hit: NDArray[np.float64]) -> float:
    """Recall@20 over users with a cold item."""
    top = np.argsort(-scores, axis=1)[:, :20]
    found, wanted = np.take_along_axis(hit, top, axis=1).sum(axis=1), hit.sum(axis=1)
    return float((found[wanted > 0] / wanted[wanted > 0]).mean())


def test_equal_sizes_give_equal_worlds_and_other_seeds_others() -> None:
    one, same, other = (SyntheticWorld.create(50, 60, n_interactions=500, seed=seed) for seed in (1, 1, 2))
    assert one.titles == same.titles
    assert np.array_equal(one.pairs, same.pairs)
    assert np.array_equal(one.times, same.times)
    assert one.new_titles(5) == same.new_titles(5)
    assert one.titles != other.titles


def test_pairs_are_distinct_and_in_time(world: SyntheticWorld) -> None:
    assert len(np.unique(world.pairs, axis=0)) == len(world.pairs)
    assert abs(len(world.pairs) - 30_000) < 300
    assert (world.times >= world.arrivals[world.pairs[:, 1]]).all()
    assert (np.diff(world.arrivals) >= 0).all()


def test_titles_are_distinct_and_readable_back(world: SyntheticWorld) -> None:
    assert len(set(world.titles)) == 1500
    themes, angles = list(THEMES.values()), list(ANGLES.values())
    for title in world.titles[:200]:
        theme, angle = meaning_of(title)
        assert any(words in title[0].lower() + title[1:] or words in title for words in themes[theme]), title
        assert 0 <= angle < len(angles)


def test_new_titles_are_never_seen_and_have_an_audience(world: SyntheticWorld) -> None:
    first, second = world.new_titles(40), world.new_titles(40)
    assert len({*first, *second, *world.titles}) == 1580
    assert world.true_probability_of(first[0]).sum() == pytest.approx(1)


def test_a_crowded_world_has_distinct_titles_still() -> None:
    crowded = SyntheticWorld.create(2, 15_000, n_topics=2, n_interactions=0)
    assert len(set(crowded.titles)) == 15_000
    assert all(0 <= meaning_of(title)[0] < 12 for title in crowded.titles if "part" in title)


def test_the_dataset_holds_everything_once(world: SyntheticWorld) -> None:
    dataset = world.dataset()
    users, items, events = rows(dataset.users), rows(dataset.items), rows(dataset.interactions)
    assert users["user_id"] == world.user_ids
    assert items["text"] == world.titles
    assert len(events["time"]) == len(world.pairs)
    assert set(events["weight"]) == {1.0}


def test_a_dataset_cut_in_time_adds_up_and_stands_alone(world: SyntheticWorld) -> None:
    middle = START + 10_000_000
    early, late = world.dataset(until=middle), world.dataset(since=middle)
    for name in ("users", "items", "interactions"):
        counts = [
            len(next(iter(rows(getattr(part, name)).values()))) for part in (early, late, world.dataset())
        ]
        assert counts[0] + counts[1] == counts[2]
    events = rows(early.interactions)
    assert set(events["user_id"]) <= set(rows(early.users)["user_id"])
    assert set(events["item_id"]) <= set(rows(early.items)["item_id"])
    assert max(events["time"]) < middle  # type: ignore[type-var]


def test_a_world_is_made_again_from_its_size(tmp_path: Path) -> None:
    world = SyntheticWorld.create(30, 40, n_topics=3, n_interactions=200, seed=9)
    world.save(tmp_path)
    again = SyntheticWorld.load(tmp_path)
    assert again.size == world.size
    assert again.titles == world.titles
    (tmp_path / "synthetic_world.json").write_text("{}x", encoding="utf-8")
    with pytest.raises(InputError, match=r"synthetic_world\.json: no size of a synthetic world"):
        SyntheticWorld.load(tmp_path)


def test_oracle_scores_follow_the_order_asked_for(world: SyntheticWorld) -> None:
    titles = world.titles[:3]
    scores = world.true_log_probabilities(["user-0005", "user-0001"], titles)
    assert scores.shape == (2, 3)
    assert scores.dtype == np.float32
    assert scores[1, 2] == pytest.approx(np.log(world.true_probability(2)[1]), rel=1e-5)
    with pytest.raises(KeyError, match="must be of this world of 600 users"):
        world.true_log_probabilities(["somebody"], titles)
    with pytest.raises(InputError, match="'Nonsense' is not of the synthetic world"):
        world.true_probability_of("Nonsense")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n_users": 1}, "needs 2 users and 1 item, got 1 users"),
        ({"n_topics": 13}, "n_topics must be between 2 and 12, got 13"),
        ({"n_users": 2, "n_items": 2, "n_interactions": 5}, r"between 0 and users x items \(4\), got 5"),
        ({"seed": -1}, "seed must not be negative, got -1"),
    ],
)
def test_impossible_sizes_are_refused(values: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WorldSize(**values)
