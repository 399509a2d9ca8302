"""Contrasts, rankings and attention by hand; company of the right kind; cold topics found."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from models.baselines import ccfcrec
from models.baselines.ccfcrec import CcfcRec, CcfcRecConfig, Company, company_batches
from models.baselines.contests import Contest
from models.baselines.warm_pairs import WarmPairs
from tests.models.baselines.rival_worlds import by_hand, found, rival_input

SMALL = CcfcRecConfig(d=3, contrast_weight=0.7, temperature=0.5)
TOY = CcfcRecConfig(d=16, positives=2, negatives=40, learning_rate=0.02, weight_decay=0.0, epochs=2)
BATCH = Company(
    Contest(
        users=torch.tensor([0, 4]),
        seen=torch.tensor([1, 3]),
        drawn=torch.tensor([3, 2, 0]),
        taken=torch.tensor([[False, False, True], [True, False, False]]),
    ),
    strangers=torch.tensor([5, 2]),
    fellows=torch.tensor([[0, 1], [3, 3]]),
    unseen=torch.tensor([2, 0]),
)
OTHERS = [[3, 2], [2, 0]]  # drawn and not taken


def share_of_first(scores):
    """-ln of the first one's share of exp(score / temperature)."""
    scores = np.array(scores) / 0.5
    return -np.log(np.exp(scores[0]) / np.exp(scores).sum())


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


@pytest.mark.parametrize("rank_items", [False, True])
def test_loss_by_hand(rank_items):
    config = dataclasses.replace(SMALL, rank_items=rank_items)
    model = CcfcRec(by_hand(), config, generator=torch.Generator().manual_seed(0))
    made = model.made(model.warm_texts).detach().numpy()
    items, users = model.item_rows.detach().numpy(), model.user_rows.detach().numpy()
    total = 0.0
    for b in range(2):
        u, i, k = int(BATCH.contest.users[b]), int(BATCH.contest.seen[b]), int(BATCH.strangers[b])
        z = made[i]
        others = [cosine(z, items[j]) for j in OTHERS[b]]
        company = [share_of_first([cosine(z, items[f]), *others]) for f in BATCH.fellows[b].tolist()]
        own = share_of_first([cosine(z, items[i]), *others])
        margins = [row @ (users[u] - users[k]) for row in (items[i], z)]
        if rank_items:
            j = int(BATCH.unseen[b])
            margins += [users[u] @ (items[i] - items[j]), users[u] @ (z - made[j])]
        total += 0.7 * (np.mean(company) + own) + 0.3 * sum(np.log1p(np.exp(-m)) for m in margins)
    assert float(model.loss(BATCH).detach()) == pytest.approx(total, rel=1e-5)


def test_attention_by_hand():
    """A coordinate weighs by its attention and its size, and brings its signed value."""
    model = CcfcRec(by_hand(), SMALL, generator=torch.Generator().manual_seed(0))
    attributes = model.attributes.detach()
    heed = model.attention(attributes)[:, 0].detach().numpy()
    text = np.array([0.5, 0.0, -0.3, 0.2], dtype=np.float32)
    weights = np.abs(text) * np.exp(heed)
    joined = (weights / weights.sum() * text) @ attributes.numpy()
    expected = model.generator(torch.from_numpy(joined)[None]).detach()
    torch.testing.assert_close(model.made(torch.from_numpy(text)[None]).detach(), expected)


def test_company_is_of_the_right_kind():
    warm = WarmPairs.of(rival_input())
    pairs = {tuple(pair) for pair in warm.pairs.tolist()}
    for batch in company_batches(rival_input(), TOY, draws=np.random.default_rng(0))(1):
        for b, user in enumerate(batch.contest.users.tolist()):
            assert (user, int(batch.contest.seen[b])) in pairs
            assert (int(batch.strangers[b]), int(batch.contest.seen[b])) not in pairs
            assert (user, int(batch.unseen[b])) not in pairs
            assert all((user, f) in pairs for f in batch.fellows[b].tolist())


@pytest.mark.parametrize("content", ["attention", "linear"])
def test_cold_topics_are_found(content):
    config = dataclasses.replace(TOY, content=content, rank_items=content == "linear")
    assert found(ccfcrec.fit(rival_input(), config=config)) > 0.7


def test_refusals():
    with pytest.raises(ValueError, match="content must be 'attention' or 'linear', got 'mean'"):
        CcfcRecConfig(content="mean")
    assert CcfcRecConfig.tuned().rank_items
