"""Stand-ins that are honest enough to test the real code: language models of two layers, made on the spot."""

from __future__ import annotations

from pathlib import Path

import torch

WORDS = (
    "graph", "network", "tree", "kernel", "protein", "gene", "cell", "virus",
    "market", "price", "trade", "law", "music", "sound", "image", "light",
    "deep", "sparse", "random", "fast", "robust", "simple", "linear", "neural",
    "causal", "ranking", "of", "for", "and", "the", "in", "a",
    "with", "on",
)  # fmt: skip
HIDDEN_SIZE = 32


def tiny_encoder(folder: Path, *, seed: int = 0) -> str:
    """Write a BERT of two layers (H = 32) with its tokenizer into a folder; returns the folder as a name."""
    from transformers import BertConfig, BertModel

    tokenizer = _word_tokenizer(("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"), around=("[CLS]", "[SEP]"))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=HIDDEN_SIZE,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=64,
            max_position_embeddings=64,
            initializer_range=0.3,
        )
        BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def tiny_decoder(folder: Path, *, seed: int = 0) -> str:
    """Write a Llama of two layers (H = 32) with its tokenizer into a folder; returns the folder as a name."""
    from transformers import LlamaConfig, LlamaModel

    tokenizer = _word_tokenizer(("<pad>", "<unk>", "<s>"), around=("<s>", None))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=HIDDEN_SIZE,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            intermediate_size=64,
            max_position_embeddings=64,
            initializer_range=0.3,
        )
        LlamaModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def _word_tokenizer(special: tuple[str, ...], *, around: tuple[str, str | None]):  # type: ignore[no-untyped-def]
    """One token per known word; the first special token pads, the second stands for unknown words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: index for index, word in enumerate((*special, *WORDS))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=special[1]))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    first, last = around
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first} $A" + (f" {last}" if last else ""),
        special_tokens=[(word, vocabulary[word]) for word in around if word],
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=special[0], unk_token=special[1])
