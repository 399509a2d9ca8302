"""A look at what is published: how it does on what has happened since, whom it names, and what has drifted."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.watch_history import FORWARD

if TYPE_CHECKING:
    from data.store.arrivals import Arrivals
    from data.store.store import Store
    from data.store.vectors import ItemVectors, UserVectors

K = 20
LISTS = 500  # users whose lists are looked at
EVENTS = 20_000  # newest interactions that may be the truth
FEW_USERS = 30  # fewer say nothing about a forward metric
TEXTS = 300  # texts of each sample
FEW_TEXTS = 50


@dataclass(frozen=True)
class Lists:
    """The lists of the published version for users who have done something since its snapshot, or for any.

    Attributes:
        users: Rows of the version's users, shape (n,).
        ranked: Rows of its items, best first, shape (n, K); -1 pads.
        truth: Items of each user since the snapshot, n sets of rows.
        history: Interactions of each user before it, shape (n,), int64.
    """

    users: Any
    ranked: Any
    truth: list[set[int]]
    history: Any


def look(store: "Store", *, min_events: int, encode: Any = None, seed: int = 0) -> dict[str, float]:
    """Measure the published version.

    Args:
        store: The store; something must be published.
        min_events: A user outside counts from this many events on.
        encode: Texts (C) to embeddings (C, H); without it the distance of the texts is left out.
        seed: Seed of the samples.

    Returns:
        Numbers by name; what cannot be told is left out.

    Raises:
        ValueError: If nothing is published.
    """
    arrivals = store.arrivals(min_events=min_events)
    if arrivals is None:
        raise ValueError("nothing is published, so there is nothing to look at; run `coldcast retrain` first")
    users, items = store.read_published(arrivals.version)
    rng = np.random.default_rng(seed)
    numbers = coverage_numbers(arrivals)
    numbers |= audience_numbers(store, arrivals.version, n_users=len(users))
    if len(users) and len(items):
        numbers |= list_numbers(store, arrivals, users, items, rng)
    return numbers | drift_numbers(store, arrivals, encode, rng)


def coverage_numbers(arrivals: "Arrivals") -> dict[str, float]:
    """Share of the users, and of the new interactions, that the vocabulary covers."""
    total = arrivals.users_known + arrivals.users_outside
    numbers = {
        "users_in_vocabulary": arrivals.users_known / total if total else 1.0,
        "users_outside": float(arrivals.users_outside),
        "new_interactions": float(arrivals.new_events),
    }
    if arrivals.new_events:
        numbers["traffic_in_vocabulary"] = 1 - arrivals.events_outside / arrivals.new_events
    return numbers


def audience_numbers(store: "Store", version: int, *, n_users: int) -> dict[str, float]:
    """How evenly the published audiences are spread over the vocabulary."""
    from evaluation.audience import concentration

    counts = store.audience_counts(version, k=K)
    if not len(counts):
        return {}
    chosen = np.repeat(np.arange(len(counts)), counts)
    spread = concentration(chosen, n_users=max(n_users, len(counts)))
    return {f"audience_gini_at_{K}": spread.gini, f"audience_share_chosen_at_{K}": spread.share_chosen}


def list_numbers(
    store: "Store", arrivals: "Arrivals", users: "UserVectors", items: "ItemVectors", rng: Any
) -> dict[str, float]:
    """Coverage and popularity of the lists, and how they do on what has happened since the snapshot."""
    from evaluation import popularity_bias as bias

    table = store.read_items()
    counts = dict(zip(table.item_ids.tolist(), table.n_events.tolist(), strict=True))
    popularity = np.array([counts.get(item, 0) for item in items.item_ids], dtype=np.int64)
    tail = bias.long_tail(popularity)
    lists = published_lists(store, arrivals, users, items, rng)
    numbers = {
        f"item_coverage_at_{K}": bias.item_coverage(lists.ranked, n_items=len(items)),
        f"epc_at_{K}": bias.expected_popularity_complement(
            lists.ranked, np.minimum(popularity, len(users)), n_users=len(users)
        ),
        f"arp_at_{K}": bias.average_recommendation_popularity(lists.ranked, popularity),
        f"aclt_at_{K}": bias.average_coverage_of_long_tail(lists.ranked, tail),
    }
    fresh = np.isin(np.asarray(items.kinds, dtype=object), ["cold", "held_out"])
    return numbers | forward_numbers(lists, tail=tail, untrained=fresh)


def forward_numbers(lists: Lists, *, tail: Any, untrained: Any) -> dict[str, float]:
    """Recall on what has happened since, by item age; PopREO; share of weak users. Nothing for few users."""
    from evaluation import popularity_bias as bias

    judged = [row for row, truth in enumerate(lists.truth) if truth]
    if len(judged) < FEW_USERS:
        return {}
    pairs = [(row, item) for row in judged for item in sorted(lists.truth[row])]
    rows, truth = np.array(pairs).T
    hits = (lists.ranked[rows] == truth[:, None]).any(axis=1)
    n_true = np.bincount(rows, minlength=len(lists.truth))[judged]
    recall = np.bincount(rows, weights=hits, minlength=len(lists.truth))[judged] / n_true
    numbers = {
        FORWARD: float(recall.mean()),
        "forward_users": float(len(judged)),
        f"popreo_at_{K}": bias.popularity_opportunity_bias(hits, tail[truth]),
        "weak_users": bias.share_of_weak_users(lists.history[judged], recall),
    }
    for name, group in (("new", untrained[truth]), ("old", ~untrained[truth])):
        if group.any():
            numbers[f"forward_hits_of_{name}_items_at_{K}"] = float(hits[group].mean())
    return numbers


def published_lists(
    store: "Store", arrivals: "Arrivals", users: "UserVectors", items: "ItemVectors", rng: Any
) -> Lists:
    """Lists as served, without what a user had before the snapshot."""
    from models.retrieval import ExclusionLists, top_k

    user_row = {user: row for row, user in enumerate(users.user_ids)}
    item_row = {item: row for row, item in enumerate(items.item_ids)}
    watermark = arrivals.watermark.interaction_key
    newest = store.newest_events(after=watermark, limit=EVENTS)
    since: dict[int, set[int]] = {}
    for user, item in zip(newest.user_ids, newest.item_ids, strict=True):
        if user in user_row and item in item_row:
            since.setdefault(user_row[user], set()).add(item_row[item])
    pool = np.array(sorted(since), dtype=np.int64)
    if len(pool) < FEW_USERS:  # nobody to judge by: the lists of any users still show what is recommended
        pool, since = np.arange(len(users)), {}
    chosen = np.sort(rng.choice(pool, size=min(LISTS, len(pool)), replace=False))
    before = store.events_of([users.user_ids[row] for row in chosen], up_to=watermark)
    had: dict[int, set[int]] = {int(row): set() for row in chosen}
    for user, item in zip(before.user_ids, before.item_ids, strict=True):
        if item in item_row:
            had[user_row[user]].add(item_row[item])
    pairs = [(at, item) for at, row in enumerate(chosen) for item in had[int(row)]]
    excluded = ExclusionLists.from_pairs(
        np.array(pairs, dtype=np.int64).reshape(-1, 2), n_queries=len(chosen)
    )
    ranked, _ = top_k(users.vectors[chosen], items.vectors, k=min(K, len(items)), exclude=excluded)
    truth = [since.get(int(row), set()) - had[int(row)] for row in chosen]
    return Lists(chosen, ranked, truth, np.diff(excluded.offsets))


def drift_numbers(store: "Store", arrivals: "Arrivals", encode: Any, rng: Any) -> dict[str, float]:
    """Distance, unknown words and foreign texts of the items since the snapshot, beyond what old ones show."""
    from evaluation import text_drift as drift

    texts = store.read_items().texts.tolist()
    n_old = arrivals.watermark.n_items
    old = [text for text in texts[:n_old] if text.strip()]
    new = [text for text in texts[n_old:] if text.strip()]
    if len(new) < FEW_TEXTS or len(old) < 2 * FEW_TEXTS:
        return {}
    order = rng.permutation(len(old))
    cut = min(TEXTS, len(old) // 2)
    control, rest = [old[at] for at in order[:cut]], [old[at] for at in order[cut:]]
    sample = [new[at] for at in rng.permutation(len(new))[:TEXTS]]
    known = drift.vocabulary(rest)
    numbers = {
        name: max(0.0, measure(sample, known) - measure(control, known))
        for name, measure in (("unknown_words", drift.unknown_words), ("foreign_texts", drift.foreign_texts))
    }
    if encode is not None:
        base, other, fresh = (encode(some) for some in (rest[:TEXTS], control, sample))
        distance = drift.energy_coefficient(fresh, base) - drift.energy_coefficient(other, base)
        numbers["text_distance"] = max(0.0, distance)
    return numbers
