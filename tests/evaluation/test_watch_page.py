"""The watch's page: every number with its meaning, every text from outside escaped."""

from __future__ import annotations

import pytest

from evaluation.watch_page import MEANINGS, watch_page


def test_versions_stand_beside_each_other_with_their_newest_numbers():
    page = watch_page(
        [
            (1, 0, {"arp_at_20": 1.5}),
            (1, 3600, {"arp_at_20": 2.5, "<odd>": 1}),
            (2, 7200, {"popreo_at_20": 0.25, "new_interactions": 12345}),
        ]
    )
    assert "version 1" in page
    assert "version 2" in page
    assert ">2.5<" in page
    assert ">1.5<" not in page
    assert "0.25" in page
    assert ">12,345<" in page
    assert "popularity bias" in page
    assert "Drift" not in page  # of which nothing was measured
    assert "&lt;odd&gt;" in page
    assert "1970-01-01 01:00" in page


def test_before_the_first_look_it_says_so():
    assert "Nothing has been measured yet" in watch_page([])


WATCHED = (  # what the page promises: drift, coverage, concentration, popularity bias, weak users, item age
    *("text_distance", "unknown_words", "foreign_texts", "users_in_vocabulary", "traffic_in_vocabulary"),
    *("audience_gini_at_20", "audience_share_chosen_at_20", "item_coverage_at_20"),
    *("epc_at_20", "arp_at_20", "aclt_at_20", "popreo_at_20", "weak_users"),
    *("forward_recall_at_20", "forward_hits_of_new_items_at_20", "forward_hits_of_old_items_at_20"),
)


@pytest.mark.parametrize("name", WATCHED)
def test_every_number_has_a_meaning(name: str):
    page = watch_page([(1, 0, dict.fromkeys(WATCHED, 0.5))])
    assert f"<code>{name}</code>" in page
    assert MEANINGS[name]
    assert "Other numbers" not in page
