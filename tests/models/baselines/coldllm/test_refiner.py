"""The language model's yes and no: loss by hand, learnt on warm items, true of cold ones, repeated by the seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from models.baselines.coldllm import refiner
from models.baselines.coldllm.cross_encoder import CrossEncoder, LabelledPairs
from models.baselines.coldllm.pair_texts import PairTokens
from models.baselines.coldllm.refiner import Refiner, RefinerConfig
from tests.models.baselines.coldllm.worlds import CONFIG, language_model, world
from tests.models.baselines.rival_worlds import TOPICS, WORLD

PAIRS = [PairTokens([2, 7, 8, 3, 9, 3], 4), PairTokens([2, 9, 3], 1), PairTokens([2, 5, 3, 6, 7, 8, 3], 3)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a BERT of two layers."""
    return tmp_path_factory.mktemp("encoder")


def cross_encoder(folder: Path) -> CrossEncoder:
    model = CrossEncoder(
        language_model(folder), precision="float32", generator=torch.Generator().manual_seed(0)
    )
    with torch.no_grad():
        model.head.weight.mul_(20)
    return model


def test_loss_by_hand(folder):
    model, answers = cross_encoder(folder), [1, 0, 1]
    expected = []
    for pair, answer in zip(PAIRS, answers, strict=True):
        mask = torch.ones(1, len(pair), dtype=torch.int64)
        with torch.no_grad():
            states = model.network(input_ids=torch.tensor([pair.ids]), attention_mask=mask).last_hidden_state
        rows = states[0].numpy().astype(np.float64)
        u, v = rows[: pair.target_start].mean(axis=0), rows[pair.target_start :].mean(axis=0)
        u, v = (row / np.linalg.norm(row) for row in (u, v))
        together = u * v * np.sqrt(len(u))
        no, yes = model.head.weight.detach().numpy() @ np.concatenate((u, v, together))
        expected.append(np.logaddexp(no, yes) - (yes if answer else no))
    found = model.loss(LabelledPairs(PAIRS, torch.tensor(answers)))
    assert float(found.detach()) == pytest.approx(np.mean(expected), rel=1e-4)


def test_margins_do_not_depend_on_the_batch(folder):
    model = cross_encoder(folder)
    together, alone = model.margins(PAIRS), model.margins(PAIRS, tokens_per_batch=1)
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert together.dtype == np.float32
    with torch.no_grad():
        logits = model(PAIRS).numpy()
    np.testing.assert_allclose(together, logits[:, 1] - logits[:, 0], atol=1e-5)


def trained(folder: Path, *, seed: int = 0, config: RefinerConfig = CONFIG) -> Refiner:
    data, texts = world(seed=seed)
    untrained = Refiner(data, texts, language_model(folder), config=config)
    hard = np.random.default_rng(0).integers(0, data.n_users, size=(len(data.warm_items), 20))
    seen = np.zeros((len(data.warm_items), data.n_users), dtype=bool)
    seen[np.searchsorted(data.warm_items, data.train[:, 1]), data.train[:, 0]] = True
    hard[np.take_along_axis(seen, hard, axis=1)] = -1
    return refiner.fit(data, untrained, hard, config=config)


@pytest.mark.slow
def test_readers_of_a_cold_items_topic_are_told_from_others(folder):
    found = trained(folder)
    data = WORLD.data
    read = np.zeros((data.n_users, TOPICS))
    np.add.at(read, (data.train[:, 0], data.train[:, 1] % TOPICS), 1)
    readers = np.flatnonzero(read.sum(axis=1) > 1)
    cold = data.cold_items[:20]
    margins = found.margins(np.tile(readers, len(cold)), np.repeat(cold, len(readers))).reshape(len(cold), -1)
    reads = read[readers].argmax(axis=1) == (cold % TOPICS)[:, None]
    right = np.mean([(m[r][:, None] > m[~r]).mean() for m, r in zip(margins, reads, strict=True)])
    assert right > 0.7  # chance is a half


def test_the_seed_repeats_every_margin_and_the_frozen_weights_stay(folder):
    short = RefinerConfig(history=2, title_tokens=4, pairs=64, epochs=1, batch_size=16)
    users, items = np.array([0, 1, 2, 3]), np.array([150, 150, 151, 151])
    one, two, other = (trained(folder, seed=seed, config=short) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.margins(users, items), two.margins(users, items))
    assert not np.array_equal(one.margins(users, items), other.margins(users, items))
    fresh = dict(language_model(folder).network.named_parameters())
    for name, value in one.model.network.named_parameters():
        plain = name.replace(".base_layer.", ".")
        assert "lora_" in name or torch.equal(value, fresh[plain])


def test_what_was_learned_is_put_back_into_another_that_then_says_the_same(folder):
    short = RefinerConfig(history=2, title_tokens=4, pairs=64, epochs=1, batch_size=16)
    users, items = np.array([0, 1, 2, 3]), np.array([150, 150, 151, 151])
    found, (data, texts) = trained(folder, config=short), world(seed=0)
    other = Refiner(data, texts, language_model(folder), config=short)
    assert not np.array_equal(other.margins(users, items), found.margins(users, items))
    learned = found.learned()
    other.restore(learned)
    np.testing.assert_array_equal(other.margins(users, items), found.margins(users, items))
    learned.popitem()
    with pytest.raises(ValueError, match="not of this refiner"):
        other.restore(learned)


def test_batches_hold_every_question_once_and_little_padding():
    lengths = np.random.default_rng(0).integers(5, 60, size=100)
    pairs = [PairTokens([0] * n, 1) for n in lengths]
    batches = refiner.batches_of_like_length(pairs, 16, generator=np.random.default_rng(0))
    assert sorted(np.concatenate(batches).tolist()) == list(range(100))
    assert max(map(len, batches)) <= 16
    assert sum(len(rows) * lengths[rows].max() for rows in batches) < 1.25 * lengths.sum()


def test_settings_out_of_range_are_refused():
    with pytest.raises(ValueError, match="pairs must be at least 2"):
        RefinerConfig(pairs=1)
    assert RefinerConfig(history=5, title_tokens=16).longest == 103
