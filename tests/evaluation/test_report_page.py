"""One page that needs nothing beside it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from evaluation.report_page import page
from tests.evaluation.findings_by_hand import report


class Reader(HTMLParser):
    """Collects addresses and checks that tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def html():
    return page(report())


def test_page_is_self_contained_and_well_formed(html):
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    assert len(reader.addresses) == 4
    assert all(address.startswith("data:image/svg+xml;base64,") for address in reader.addresses)
    assert "<script" not in html
    assert "@import" not in html


def test_page_says_what_was_judged_on_what_and_when(html):
    for text in (
        "FilterLLM",
        "000007-abcdef",
        "sha256:abcdef0123",
        "2024-05-06T07:08:09Z",
        "Titles are the only",
    ):
        assert text in html


def test_few_users_warn(html):
    assert "<b>Warning:</b> only 150 users (fewer than 200): read with care." in html
    assert html.count('<abbr title="only 150 users') == 3


def test_text_from_outside_is_escaped(html):
    assert "<b>chance</b>" not in html
    assert "&lt;b&gt;chance&lt;/b&gt;" in html


def test_judged_model_and_best_numbers_stand_out(html):
    first = re.search(r'<tr class="judged">(.*?)</tr>', html, re.DOTALL)
    assert first is not None
    assert "FilterLLM" in first.group(1)
    assert 'class="best"' in first.group(1)


def test_page_without_rows_curves_and_losses_still_stands():
    reader = Reader()
    bare = page(report(rows=[], comparisons=[], reliability={}, losses={}, notes=[]))
    reader.feed(bare)
    assert reader.addresses == []
    assert "No held-out cold items were judged" in bare
