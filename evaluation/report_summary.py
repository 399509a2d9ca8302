"""The report in a sentence or two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evaluation.comparison import Comparison
from evaluation.findings import Findings

ORACLE = "oracle"
"""A synthetic world's own answer: a ceiling, not a competitor."""


def summary(findings: Findings) -> str:
    """What a reader should know if he reads nothing else.

    Args:
        findings: The report's content.

    Returns:
        Sentences with numbers: cold quality against the best of the others (the oracle aside), and the audience
        in plain words.
    """
    sentences = [_cold_sentence(findings), _audience_sentence(findings)]
    return " ".join(sentence for sentence in sentences if sentence) or (
        f"No held-out cold items were judged for {findings.model}."
    )


def _cold_sentence(findings: Findings) -> str:
    """Cold NDCG@20 and Recall@20, and the best of the others beside it."""
    found: dict[str, Any] = {"side": "user", "setting": "cold", "phase": "test", "evaluator": "B", "k": 20}
    ndcg = findings.find(**found, metric="ndcg", model=findings.model)
    recall = findings.find(**found, metric="recall", model=findings.model)
    if ndcg is None or recall is None:
        return ""
    text = (
        f"On cold test items {findings.model} reaches NDCG@20 {ndcg.value:.3f} and "
        f"Recall@20 {recall.value:.3f} over {ndcg.n:,} users"
    )
    left_out = (findings.model, ORACLE)
    others = [row for row in findings.select(**found, metric="ndcg") if row.model not in left_out]
    if not others:
        return text + "."
    best = max(others, key=lambda row: row.value)
    paired = next(
        (
            c
            for c in findings.comparisons
            if (c.reference, c.side, c.setting, c.metric) == (best.model, "user", "cold", "ndcg@20")
        ),
        None,
    )
    return f"{text}; the best of the others, {best.model}, has NDCG@20 {best.value:.3f}{_verdict(paired)}."


def _verdict(paired: Comparison | None) -> str:
    """What the paired interval says about the two."""
    if paired is None:
        return ""
    numbers = (
        f"paired difference {paired.difference:+.3f}, 95 % interval {paired.low:+.3f} to {paired.high:+.3f}"
    )
    if paired.low > 0:
        return f" and is beaten ({numbers})"
    if paired.high < 0:
        return f" and is ahead ({numbers})"
    return f", too close to call ({numbers})"


def _audience_sentence(findings: Findings) -> str:
    """Of the 20 users named for a cold item, how many are right."""
    place: dict[str, Any] = {"side": "audience", "phase": "both", "k": 20, "model": findings.model}
    true_pairs = findings.find(**place, metric="true_pairs")
    chosen = findings.find(**place, metric="share_chosen")
    if true_pairs is None:
        return ""
    reach = f"; {chosen.value:.0%} of all users are named for at least one item" if chosen else ""
    return f"Of 20 users named for a cold item, {20 * true_pairs.value:.1f} did interact with it{reach}."


@dataclass(frozen=True)
class HeadlineNumber:
    """A number for the top of the page: label, value as text, and what stands below it."""

    label: str
    value: str
    note: str


def headline_numbers(findings: Findings) -> list[HeadlineNumber]:
    """The judged model's few numbers that matter most, as far as they were measured."""
    numbers = []
    for setting, metric in (("cold", "ndcg"), ("cold", "recall"), ("warm", "recall"), ("overall", "recall")):
        row = findings.find(
            model=findings.model, setting=setting, phase="test", evaluator="B", metric=metric, k=20
        )
        if row is not None:
            title = "NDCG" if metric == "ndcg" else "Recall"
            note = f"{row.low:.3f} – {row.high:.3f}" if row.low is not None and row.high is not None else ""
            warning = f" · only {row.n} users" if row.warning else ""
            numbers.append(HeadlineNumber(f"{setting} {title}@20", f"{row.value:.3f}", note + warning))
    pairs = findings.find(model=findings.model, phase="both", metric="true_pairs", k=20)
    if pairs is not None:
        note = f"of 20 users per cold item, {20 * pairs.value:.1f} are right"
        numbers.append(HeadlineNumber("true pairs@20", f"{pairs.value:.1%}", note))
    return numbers
