"""Printed claims beside figures that can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evaluation.benchmark_claims import FORMS, JudgedClaim, claims_tables, judged_claims
from evaluation.benchmark_row import BenchmarkRow
from evaluation.speed import JUDGEMENT, METHODS, SpeedRow
from tests.evaluation.benchmarks_by_hand import ABOUT, benchmark, row

AUTHORS, OURS = FORMS


def rows(**figures: dict[tuple[str, str], float]) -> list[BenchmarkRow]:
    """Test rows at 20, evaluator B: values of a model by (setting, metric)."""
    return [
        row(model, 42, ("user", setting, "test", "B", metric), value)
        for model, values in figures.items()
        for (setting, metric), value in values.items()
    ]


def claim(judged: list[JudgedClaim], name: str, form: str = OURS) -> JudgedClaim:
    """One claim of a form."""
    (found,) = [one for one in judged if (one.form, one.claim) == (form, name)]
    return found


def test_nothing_run_is_said_so():
    judged = judged_claims([], [])
    assert {one.holds for one in judged} == {"not run", "not measured"}
    tables = claims_tables(judged)
    assert [table.title.rpartition(": ")[2] for table in tables] == [*FORMS, "Speed"]
    for table in tables:
        assert all(len(cells) == len(table.columns) for _, cells in table.lines)


def test_levels_hold_where_both_figures_are_as_high():
    judged = judged_claims(
        rows(
            default_mf={("overall", "recall"): 0.2128, ("overall", "ndcg"): 0.1700},
            default_lightgcn={("overall", "recall"): 0.30, ("overall", "ndcg"): 0.1699},
            default_ngcf={("overall", "recall"): 0.30},
        ),
        [],
    )
    found = claim(judged, "overall Recall / NDCG")
    assert (found.found["mf"].shown, found.found["mf"].verdict) == ("0.2128 / 0.1700", "yes")
    assert found.found["lightgcn"].verdict == "no"
    assert found.found["ngcf"] is None
    assert found.holds == "MF yes, LightGCN no, NGCF not run"
    assert claim(judged, "overall Recall / NDCG", AUTHORS).holds == "not run"


@pytest.mark.parametrize(("ours", "verdict", "shown"), [(0.30, "yes", "+50.0 %"), (0.22, "less", "+10.0 %")])
def test_a_gain_is_measured_against_the_printed_gain(ours, verdict, shown):
    judged = judged_claims(
        rows(coldllm={("cold", "recall"): 0.2}, filterllm_reference_placed={("cold", "recall"): ours}), []
    )
    found = claim(judged, "cold Recall over ColdLLM", AUTHORS)
    assert found.found["mf"].verdict == verdict  # printed: .1787 / .1195 - 1 = +49.5 %
    assert found.found["mf"].shown == f"0.2000 → {ours:.4f}, {shown}"
    assert found.holds == f"{verdict}, NGCF not run, LightGCN not run"


def test_a_loss_is_a_no_and_what_is_not_printed_has_no_verdict():
    lower = {("cold", "recall"): 0.1}
    upper = {("cold", "recall"): 0.2}
    judged = judged_claims(rows(coldllm=upper, default_mf=lower, coldllm_ngcf=lower, default_ngcf=upper), [])
    found = claim(judged, "cold Recall over ColdLLM").found
    assert (found["mf"].shown, found["mf"].verdict) == ("0.2000 → 0.1000, −50.0 %", "no")
    assert (found["ngcf"].shown, found["ngcf"].verdict) == ("0.1000 → 0.2000, +100.0 %", "")


def test_wider_on_graphs_compares_gains_with_that_on_mf():
    one, two, three = ({("cold", "recall"): value} for value in (0.1, 0.2, 0.3))
    judged = judged_claims(
        rows(
            coldllm=one,
            default_mf=two,
            coldllm_ngcf=two,
            default_ngcf=three,
            coldllm_lightgcn=one,
            default_lightgcn=three,
        ),
        [],
    )
    found = claim(judged, "wider advantage on graph models")
    assert [(found.found[kind].shown, found.found[kind].verdict) for kind in ("mf", "ngcf", "lightgcn")] == [
        ("+100.0 %", ""),
        ("+50.0 %", "no"),
        ("+200.0 %", "yes"),
    ]
    assert found.holds == "NGCF no, LightGCN yes"


def test_a_smaller_loss_is_no_wider_advantage():
    full, less, least = ({("cold", "recall"): value} for value in (0.4, 0.3, 0.2))
    judged = judged_claims(rows(coldllm=full, default_mf=least, coldllm_ngcf=full, default_ngcf=less), [])
    found = claim(judged, "wider advantage on graph models").found["ngcf"]
    assert (found.shown, found.verdict) == ("−25.0 %", "no")


@pytest.mark.parametrize(("ours", "verdict"), [(0.30, "yes"), (0.286, "yes"), (0.284, "no")])
def test_warm_is_on_par_from_95_percent_of_the_model_alone(ours, verdict):
    judged = judged_claims(rows(mf={("warm", "recall"): 0.3}, default_mf={("warm", "recall"): ours}), [])
    assert claim(judged, "warm Recall on par").found["mf"].verdict == verdict


def timed(**seconds: float) -> list[SpeedRow]:
    """Judgements take so many seconds with 20 (``few``) and 500 (``many``) candidates, a distribution one."""
    numbers = {"few": 20, "many": 500}
    return [
        SpeedRow(method, numbers[name], 4, 1.0, 1.0, value if method == JUDGEMENT else 1.0)
        for name, value in seconds.items()
        for method in METHODS
    ]


@pytest.mark.parametrize(
    ("few", "many", "holds"),
    [
        (34.75, 900.0, "yes: 35 times with 20 candidates, 900 times with 500 candidates"),
        (30.0, 900.0, "from 500 candidates on: 30 times with 20 candidates, 900 times with 500 candidates"),
        (2.0, 30.0, "no: 2 times with 20 candidates, 30 times with 500 candidates"),
    ],
)
def test_speed_is_read_from_its_measurement(few, many, holds):
    judged = judged_claims([], timed(few=few, many=many))
    assert judged[-1].holds == holds
    assert claims_tables(judged)[-1].lines[0][1][-1].best is (few == 34.75)


def test_only_test_lists_of_twenty_under_b_count_and_seeds_are_averaged():
    good = rows(mf={("warm", "recall"): 0.2}, default_mf={("warm", "recall"): 0.2})
    other = [
        *(replace(one, seed=43, value=value) for one, value in zip(good, (0.3, 0.4), strict=True)),
        replace(good[1], seed=44, value=9.0),  # of no such training of the other model
        *(replace(good[1], value=9.0, **change) for change in ({"k": 50}, {"phase": "validation"})),
        replace(good[1], value=9.0, evaluator="A"),
    ]
    found = claim(judged_claims([*good, *other], []), "warm Recall on par")
    assert found.found["mf"].shown == "0.2500 → 0.3000"


def test_only_the_articles_data_have_the_tables():
    made = benchmark()
    assert made.claims == []
    about = {**ABOUT, "data_set": "citeulike"}
    named = replace(made, about=about)
    assert len(named.tables()) == len(made.tables()) + 3
    assert '"claim": "warm Recall on par"' in named.to_json()
    assert "| warm Recall on par | on par |" in named.to_markdown()
