"""The watch's page: every number with its meaning, every text from outside escaped."""

from __future__ import annotations

from evaluation.watch_page import watch_page


def test_versions_stand_beside_each_other_with_their_newest_numbers():
    page = watch_page(
        [
            (1, 0, {"arp_at_20": 1.5}),
            (1, 3600, {"arp_at_20": 2.5, "<odd>": 1}),
            (2, 7200, {"popreo_at_20": 0.25}),
        ]
    )
    assert "version 1" in page
    assert "version 2" in page
    assert ">2.5<" in page
    assert ">1.5<" not in page
    assert "0.25" in page
    assert "&lt;odd&gt;" in page
    assert "1970-01-01 01:00" in page


def test_before_the_first_look_it_says_so():
    assert "Nothing has been measured yet" in watch_page([])
