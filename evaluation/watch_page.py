"""What the watch measured, as one page: each version's newest numbers beside each other, and the looks so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from evaluation.report_page import template_of

Look = tuple[int, int, Mapping[str, float]]
"""Version, unix seconds, numbers by name."""

SHOWN_LOOKS = 100
GROUPS: dict[str, dict[str, str]] = {
    "Forward: lists against what has happened since the version's snapshot": {
        "forward_recall_at_20": "Recall@20 of the published lists",
        "forward_drop": "share of the version's first forward recall that was lost since",
        "forward_users": "users behind the forward recall",
        "forward_hits_of_new_items_at_20": "share of the true pairs of items placed by text that were in the list",
        "forward_hits_of_old_items_at_20": "share of the true pairs of trained items that were in the list",
        "weak_users": "share of users with little history and lists below the mean (arXiv 2405.00824)",
    },
    "Lists: popularity bias and coverage": {
        "popreo_at_20": "PopREO: inequality of the hit rates of head and tail, 0 is equal (SIGIR 2020)",
        "epc_at_20": "EPC: mean share of users who do not know a recommended item (RecSys 2011)",
        "arp_at_20": "ARP: mean interactions of a recommended item (VLDB 2012)",
        "aclt_at_20": "ACLT: long-tail items in a list (arXiv 1901.07555)",
        "item_coverage_at_20": "share of the items that are in a list of the sample",
    },
    "Audiences: how evenly they are spread": {
        "audience_gini_at_20": "Gini coefficient of how often users stand in an audience",
        "audience_share_chosen_at_20": "share of users who stand in an audience",
    },
    "Vocabulary: whom the version knows": {
        "users_in_vocabulary": "share of the users with enough interactions who are in the vocabulary",
        "users_outside": "users with enough interactions outside it, who have done something since its snapshot",
        "new_interactions": "interactions since the snapshot",
        "traffic_in_vocabulary": "share of them by users in the vocabulary",
    },
    "Drift: texts of items since the snapshot, beyond what old ones show": {
        "text_distance": "energy coefficient between embeddings of new and old texts",
        "unknown_words": "share of words that old texts do not have",
        "foreign_texts": "share of texts of mostly unknown words",
    },
}
"""Title of each table, and the meaning of each of its numbers."""
MEANINGS = {name: meaning for group in GROUPS.values() for name, meaning in group.items()}


def watch_page(looks: Sequence[Look]) -> str:
    """Render the page.

    Args:
        looks: The oldest first.

    Returns:
        HTML that needs nothing from elsewhere.
    """
    newest = {version: numbers for version, _, numbers in looks}
    versions = sorted(newest)
    measured = {name for numbers in newest.values() for name in numbers}
    others = {"Other numbers": dict.fromkeys(sorted(measured - set(MEANINGS)), "")}
    tables = [
        (
            title,
            [
                (name, meaning, [_spoken(newest[v].get(name)) for v in versions])
                for name, meaning in group.items()
                if name in measured
            ],
        )
        for title, group in (GROUPS | others).items()
    ]
    return template_of("watch_page.html.j2").render(
        versions=versions,
        tables=[(title, rows) for title, rows in tables if rows],
        looks=[_look(look) for look in looks[: -SHOWN_LOOKS - 1 : -1]],
    )


def _look(look: Look) -> tuple[int, str, str, str]:
    version, at, numbers = look
    when = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
    shown = ("forward_recall_at_20", "users_in_vocabulary")
    recall, covered = (_spoken(numbers.get(name)) for name in shown)
    return version, when, recall, covered


def _spoken(value: float | None) -> str:
    """Four significant digits, and all digits of what is counted."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
