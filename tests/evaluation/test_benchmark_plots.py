"""Names in the benchmark's plots."""

from __future__ import annotations

import itertools
import re
from collections import Counter

from evaluation.benchmark_plots import Box, settings_svg, time_svg
from tests.evaluation.benchmarks_by_hand import row, rows

LETTER, LINE = 3.5, 7.5  # points: less than a letter is wide, about as much as a name is high
NAME = re.compile(r"<!-- (\w+) -->\s*<g [^>]*translate\((\S+) (\S+)\)")


def _crowd(names: list[str]) -> str:
    """A plot in which all models stand at one place."""
    svg = settings_svg(
        [
            row(name, 42, ("user", setting, "test", "B", "ndcg"), 0.2)
            for name in names
            for setting in ("cold", "warm")
        ],
        product="default",
    )
    assert svg is not None
    return svg


def _names(svg: str) -> list[tuple[str, float, float]]:
    """Each name that is drawn, with the place where it begins."""
    return [
        (name, float(x), float(y)) for name, x, y in NAME.findall(svg) if not re.fullmatch(r"[\d.]+", name)
    ]


def test_few_models_all_have_their_names():
    svg = time_svg(rows(), product="default")
    assert svg is not None
    assert Counter(name for name, _, _ in _names(svg)) == {"default": 1, "ridge": 1, "chance": 1}


def test_of_a_crowd_the_product_and_the_plain_names_come_first():
    drawn = [name for name, _, _ in _names(_crowd([*(f"ridge_{n}" for n in range(80)), "ridge", "default"]))]
    assert drawn[:2] == ["default", "ridge"]
    assert 5 < len(drawn) == len(set(drawn)) < 80


def test_no_name_stands_on_another():
    for (one, x, y), (other, left, level) in itertools.combinations(
        _names(_crowd(["default", *(f"model_{n}" for n in range(80))])), 2
    ):
        beside = x + LETTER * len(one) <= left or left + LETTER * len(other) <= x
        assert beside or abs(y - level) > LINE, (one, other)


def test_boxes_meet_only_where_they_overlap_both_ways():
    box = Box(0.2, 0.4, 0.5, 0.01)
    assert box.meets(Box(0.3, 0.5, 0.515, 0.01))
    assert not box.meets(Box(0.4, 0.5, 0.5, 0.01))
    assert not box.meets(Box(0.3, 0.5, 0.53, 0.01))
