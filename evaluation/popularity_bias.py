"""How much a model's lists lean to popular items, and whom they serve badly. Lists are (n, k) item indices, -1 pads."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from evaluation.array_types import Flags, Indices, Values

HEAD_SHARE = 0.2  # the upper fifth of the items is the head, the rest the long tail


def long_tail(popularity: Indices) -> Flags:
    """Which items are outside the most popular fifth, shape (I,); ties at the border belong to the tail.

    Source: Abdollahpouri, Mansoury, Burke, Mobasher, "The unfairness of popularity bias in recommendation"
        (arXiv 1907.13286), where the upper fifth is popular.
    """
    border = np.quantile(popularity, 1 - HEAD_SHARE) if len(popularity) else 0.0
    return np.asarray(popularity <= border)


def expected_popularity_complement(lists: Indices, popularity: Indices, *, n_users: int) -> float:
    """EPC: mean over all recommended items of the share of users who do not know them; high is novel.

    Source: Vargas and Castells, "Rank and relevance in novelty and diversity metrics for recommender systems"
        (RecSys 2011), without discount and relevance.
    """
    return float((1 - popularity[_flat(lists)] / n_users).mean())


def average_recommendation_popularity(lists: Indices, popularity: Indices) -> float:
    """ARP: mean over lists of the mean popularity of their items, in interactions.

    Source: Yin, Cui, Li, Yao, Chen, "Challenging the long tail recommendation" (VLDB 2012); the form of
        Abdollahpouri, Burke, Mobasher, "Managing popularity bias in recommender systems with personalized
        re-ranking" (FLAIRS 2019, arXiv 1901.07555), equation 5.
    """
    return float(_mean_of_lists(lists, popularity.astype(np.float64)).mean())


def average_coverage_of_long_tail(lists: Indices, tail: Flags) -> float:
    """ACLT: mean over lists of how many of their items are in the long tail, in [0, k].

    Source: Abdollahpouri, Burke, Mobasher as for :func:`average_recommendation_popularity`, equation 7.
    """
    inside = np.where(lists >= 0, tail[np.maximum(lists, 0)], False)
    return float(inside.sum(axis=1).mean())


def popularity_opportunity_bias(hits: Flags, truth_tail: Flags) -> float:
    """PopREO: standard deviation over mean of the true positive rates of head and tail; 0 is equal opportunity.

    Args:
        hits: Whether each true (user, item) pair was in the user's list, shape (N,), bool.
        truth_tail: Whether each pair's item is in the long tail, shape (N,), bool.

    Returns:
        In [0, 1]; nan where a group has no pair or nothing was hit.

    Source: Zhu, Wang, Caverlee, "Measuring and mitigating item under-recommendation bias in personalized ranking
        systems" (SIGIR 2020), ranking-based equal opportunity, with head and tail as the groups.
    """
    rates = [float(hits[group].mean()) if group.any() else np.nan for group in (truth_tail, ~truth_tail)]
    mean = float(np.mean(rates))
    return float(np.std(rates)) / mean if mean > 0 else float("nan")


def item_coverage(lists: Indices, *, n_items: int) -> float:
    """Share of the items that are in at least one list."""
    return len(np.unique(_flat(lists))) / n_items


def share_of_weak_users(activity: Indices, quality: Values) -> float:
    """Share of the users with little history, at most the median, whose lists are worse than the mean.

    Args:
        activity: Interactions of each user, shape (n,).
        quality: Recall or NDCG of the same users, shape (n,), float64.

    Source: The idea is Kaur and Shah's, "Efficient and responsible adaptation of large language models for robust top-k
        recommendations" (arXiv 2405.00824): inactive and below a threshold of quality. Theirs are a sparsity
        index and the AUC; the measures and thresholds here are ours.
    """
    weak = (activity <= np.median(activity)) & (quality < quality.mean())
    return float(weak.mean())


def _flat(lists: Indices) -> npt.NDArray[np.int64]:
    return lists[lists >= 0]


def _mean_of_lists(lists: Indices, values: Values) -> Values:
    """Mean of a value over each list that is not empty."""
    inside = lists >= 0
    sums = np.where(inside, values[np.maximum(lists, 0)], 0.0).sum(axis=1)
    filled = inside.any(axis=1)
    return np.asarray(sums[filled] / inside[filled].sum(axis=1))
