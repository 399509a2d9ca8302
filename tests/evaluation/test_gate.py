"""One test per branch of the promotion decision."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluation.gate import Contender, decide, unseen_items
from evaluation.slices import Slice

N = 400
RNG = np.random.default_rng(0)
BASE = RNG.random(N) * 0.4
AUDIENCE = RNG.random(300) * 0.5
REFERENCE = BASE * 0.7
KNOWS_ALL = np.ones(N, dtype=bool)
NOISE = RNG.normal(0, 0.01, N)


def contender(name="version 2", **changes):
    """A contender as good as the base."""
    plain = Contender(
        name=name, snapshot_hash=name, ndcg=BASE, known=KNOWS_ALL, users_covered=1000, audience=AUDIENCE
    )
    return replace(plain, **changes)


CHAMPION = contender("version 1")


@pytest.mark.parametrize(
    ("challenger", "promote", "reason"),
    [
        (contender(ndcg=BASE * 1.1), True, "version 2 has cold NDCG@20"),
        (
            contender(ndcg=BASE + NOISE * 0.01 - 1e-5, users_covered=1001),
            True,
            "1001 users covered against 1000",
        ),
        (contender(ndcg=BASE), False, "neither better nor covers more users"),
        (contender(ndcg=BASE - 1e-5), False, "neither better nor covers more users"),
        (contender(ndcg=BASE * 0.9, users_covered=5000), False, "may be worse"),
        (contender(ndcg=BASE + 10 * NOISE, users_covered=5000), False, "may be worse"),
        (contender(ndcg=BASE * 1.1, audience=AUDIENCE * 0.9), False, "names worse audiences"),
        (contender(ndcg=BASE * 1.1, snapshot_hash="version 1"), False, "same snapshot version 1"),
    ],
    ids=[
        "better",
        "covers more",
        "equal",
        "a hair worse",
        "worse",
        "too noisy",
        "worse audience",
        "unchanged",
    ],
)
def test_against_a_champion(challenger, promote, reason):
    decision = decide(challenger, CHAMPION, reference=REFERENCE)
    assert decision.promote is promote, decision.reason
    assert reason in decision.reason


def test_noise_alone_in_the_audience_does_not_block():
    shaken = AUDIENCE + RNG.normal(0, 0.05, 300)
    shaken -= (shaken - AUDIENCE).mean() + 1e-4
    assert decide(contender(ndcg=BASE * 1.1, audience=shaken), CHAMPION, reference=REFERENCE).promote


def test_users_unknown_to_the_champion_count_zero_for_it():
    """The challenger is 10 % worse for everybody the champion knows, but a third of the users are new."""
    known = np.arange(N) % 3 != 0
    champion = replace(CHAMPION, known=known, users_covered=700, ndcg=np.where(known, BASE, np.nan))
    decision = decide(contender(ndcg=BASE * 0.9), champion, reference=REFERENCE)
    assert decision.promote
    assert decision.numbers["champion_ndcg"] == pytest.approx(np.where(known, BASE, 0).mean())


@pytest.mark.parametrize(
    ("ndcg", "promote", "reason"),
    [
        (BASE, True, "there is no champion yet and version 2 beats the TF-IDF profile"),
        (REFERENCE, False, "is not clearly better than the TF-IDF profile"),
        (REFERENCE + 10 * NOISE, False, "is not clearly better than the TF-IDF profile"),
        (REFERENCE * 0.5, False, "is not clearly better than the TF-IDF profile"),
    ],
)
def test_without_a_champion(ndcg, promote, reason):
    decision = decide(contender(ndcg=ndcg), None, reference=REFERENCE)
    assert decision.promote is promote
    assert reason in decision.reason


def test_more_on_average_is_not_enough_and_the_reason_says_why():
    """The mean is above the profile's, its interval reaches below zero."""
    decision = decide(
        contender(ndcg=REFERENCE + 10 * (NOISE - NOISE.mean()) + 1e-3), None, reference=REFERENCE
    )
    assert not decision.promote
    assert decision.numbers["ndcg_difference"] == pytest.approx(1e-3)
    assert decision.reason.endswith(
        "the interval reaches below 0, that of a first version has to lie above 0."
    )
    nothing = decide(contender(ndcg=REFERENCE), None, reference=REFERENCE)
    assert "the interval reaches down to 0," in nothing.reason


@pytest.mark.parametrize("ndcg", [BASE * 1.1, BASE, BASE * 0.5])
@pytest.mark.parametrize("champion", [CHAMPION, None])
def test_the_verdict_is_left_to_whoever_prints_the_reason(ndcg, champion):
    reason = decide(contender(ndcg=ndcg), champion, reference=REFERENCE).reason
    assert not any(word in reason.lower() for word in ("refused", "promoted"))


def test_reason_and_numbers_agree():
    decision = decide(contender(ndcg=BASE * 1.1), CHAMPION, reference=REFERENCE)
    numbers = decision.numbers
    assert f"{numbers['challenger_ndcg']:.4f} against {numbers['champion_ndcg']:.4f}" in decision.reason
    assert f"difference {numbers['ndcg_difference']:+.4f}" in decision.reason
    assert numbers["ndcg_floor"] == pytest.approx(-0.01 * BASE.mean())
    assert numbers["ndcg_difference_low"] < numbers["ndcg_difference"] < numbers["ndcg_difference_high"]
    assert (numbers["n_users"], numbers["n_items"]) == (N, 300)


def test_same_arrays_same_decision():
    challenger = contender(ndcg=BASE + NOISE)
    assert decide(challenger, CHAMPION, reference=REFERENCE) == decide(
        challenger, CHAMPION, reference=REFERENCE
    )


def test_nobody_to_judge_is_a_refusal():
    none = np.zeros(0)
    empty = contender(ndcg=none, known=none.astype(bool), audience=none)
    for champion in (None, replace(empty, name="version 1", snapshot_hash="other")):
        decision = decide(empty, champion, reference=none)
        assert not decision.promote
        assert "cannot be judged" in decision.reason


def test_items_without_audience_truth_are_left_out():
    gaps = np.where(np.arange(300) < 290, np.nan, AUDIENCE)
    decision = decide(contender(ndcg=BASE * 1.1, audience=gaps), CHAMPION, reference=REFERENCE)
    assert decision.promote
    assert decision.numbers["n_items"] == 10
    nothing = np.full(300, np.nan)
    assert decide(contender(ndcg=BASE * 1.1, audience=nothing), CHAMPION, reference=REFERENCE).promote


def test_a_champion_that_knows_nobody_loses_to_anyone_who_covers_more():
    champion = replace(CHAMPION, known=~KNOWS_ALL, users_covered=0)
    assert decide(contender(), champion, reference=REFERENCE).promote
    assert decide(contender(ndcg=BASE * 0), champion, reference=REFERENCE).promote


def test_unseen_items():
    judged = np.array([5, 1, 3, 9])
    assert unseen_items(judged, np.array([1, 2]), np.array([9])).tolist() == [3, 5]
    assert unseen_items(judged, judged).tolist() == []


def part(name="light users", side="users", share=4):
    """Every ``share``-th judged user or item."""
    return Slice(name, side, np.arange(N if side == "users" else 300) % share == 0)


def test_better_overall_and_clearly_worse_on_a_slice_waits_for_a_human():
    light = part()
    mixed = np.where(light.members, BASE * 0.8, BASE * 1.3)
    decision = decide(
        contender(ndcg=mixed), CHAMPION, reference=REFERENCE, slices=[light, part("others", share=3)]
    )
    assert (decision.promote, decision.held) == (False, True)
    assert decision.reason.startswith("a human has to decide: light users lose, -0.")
    assert "; on the whole version 2 has cold NDCG@20" in decision.reason
    assert "others" not in decision.reason.partition(";")[0]
    assert decision.numbers["light_users_difference_high"] < 0 < decision.numbers["ndcg_difference_low"]
    alone = decide(contender(ndcg=mixed), CHAMPION, reference=REFERENCE)
    assert (alone.promote, alone.held) == (True, False)


def test_a_slice_of_items_is_judged_by_its_audiences():
    tail = part("long-tail items", "items")
    audience = np.where(tail.members, AUDIENCE * 0.5, AUDIENCE * 1.5)
    decision = decide(
        contender(ndcg=BASE * 1.1, audience=audience), CHAMPION, reference=REFERENCE, slices=[tail]
    )
    assert decision.held
    assert "long-tail items lose" in decision.reason


@pytest.mark.parametrize("factor", [1.2, 1.0, 0.995])
def test_a_slice_that_is_not_clearly_worse_holds_nothing(factor):
    light = part()
    values = np.where(light.members, BASE * factor, BASE * 1.3)
    decision = decide(contender(ndcg=values), CHAMPION, reference=REFERENCE, slices=[light])
    assert (decision.promote, decision.held) == (True, False)
    assert "light_users_difference" in decision.numbers


def test_a_slice_of_few_says_nothing():
    few = Slice("new users", "users", np.arange(N) < 29)
    values = np.where(few.members, 0.0, BASE * 1.3)
    decision = decide(contender(ndcg=values), CHAMPION, reference=REFERENCE, slices=[few])
    assert decision.promote
    assert "new_users_difference" not in decision.numbers


def test_what_is_refused_on_the_whole_is_not_held():
    decision = decide(contender(ndcg=BASE * 0.5), CHAMPION, reference=REFERENCE, slices=[part()])
    assert (decision.promote, decision.held) == (False, False)


def test_a_tie_is_seldom_held():
    """Six slices of pure noise: held in few of many draws."""
    parts = [part(f"slice {share}", share=share) for share in (2, 3, 4, 5, 6, 7)]
    held = 0
    for seed in range(10):
        noise = np.random.default_rng(seed).normal(0.005, 0.05, N)
        held += decide(
            contender(ndcg=BASE + 0.2 + noise),
            replace(CHAMPION, ndcg=BASE + 0.2),
            reference=REFERENCE,
            slices=parts,
        ).held
    assert held <= 1


def test_a_slice_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="slice 'light users' has shape"):
        decide(contender(), CHAMPION, reference=REFERENCE, slices=[Slice("light users", "items", KNOWS_ALL)])


def test_refuses_arrays_that_cannot_be_compared():
    with pytest.raises(ValueError, match=r"version 1 is judged on .*: judge all on the same users"):
        decide(contender(), replace(CHAMPION, ndcg=BASE[:5], known=KNOWS_ALL[:5]), reference=REFERENCE)
    with pytest.raises(ValueError, match="judge both on the same items"):
        decide(contender(), replace(CHAMPION, audience=AUDIENCE[:5]), reference=REFERENCE)
    with pytest.raises(ValueError, match="version 2 has nan"):
        decide(contender(ndcg=BASE * np.nan), CHAMPION, reference=REFERENCE)
