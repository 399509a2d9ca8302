"""Item text -> prompt -> token ids of the language model."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

logger = logging.getLogger(__name__)

PLACEHOLDER = "{text}"


@dataclass(frozen=True)
class Prompts:
    """Token ids of B texts.

    Attributes:
        token_ids: B lists of token ids, none empty.
        truncated: How many texts were longer than the limit and lost their end.
    """

    token_ids: list[list[int]]
    truncated: int


@dataclass(frozen=True)
class PromptTemplate:
    """What the language model reads about an item.

    Attributes:
        template: A text with ``{text}`` exactly once; everything around it is kept when a text is cut.
        max_tokens: Greatest number of tokens of a whole prompt, >= 8.
    """

    template: str = PLACEHOLDER
    max_tokens: int = 128

    def __post_init__(self) -> None:
        if self.template.count(PLACEHOLDER) != 1:
            raise ValueError(f"template must hold {PLACEHOLDER} exactly once, got {self.template!r}")
        if self.max_tokens < 8:
            raise ValueError(f"max_tokens must be at least 8, got {self.max_tokens}")

    def tokenize(self, tokenizer: Any, texts: Sequence[str]) -> Prompts:
        """Fill the template and turn it into token ids; a long text loses its end, the template nothing.

        Args:
            tokenizer: A transformers tokenizer.
            texts: B texts; an empty one becomes the bare template.

        Returns:
            The token ids and how many texts were cut.

        Raises:
            ValueError: If the template alone fills ``max_tokens``, or leaves an empty text without a token.
        """
        before, after = self.template.split(PLACEHOLDER)
        frame = len(tokenizer(before + after)["input_ids"])
        if frame >= self.max_tokens:
            raise ValueError(
                f"the template alone has {frame} tokens, which leaves none of max_tokens={self.max_tokens} "
                "for the text: shorten the template or raise max_tokens"
            )
        filled = [before + text + after for text in texts]
        token_ids = [list(ids) for ids in tokenizer(filled)["input_ids"]] if filled else []
        long = [row for row, ids in enumerate(token_ids) if len(ids) > self.max_tokens]
        for row in long:
            kept = before + _first_tokens(tokenizer, texts[row], self.max_tokens - frame) + after
            # a seam may merge differently, so the limit is enforced once more on the whole prompt
            token_ids[row] = list(tokenizer(kept, truncation=True, max_length=self.max_tokens)["input_ids"])
        for row, ids in enumerate(token_ids):
            if not ids:
                raise ValueError(
                    f"text {row} is {texts[row]!r} and gives no token: put words around {PLACEHOLDER}"
                )
        if long:
            logger.info("%d of %d texts were cut to %d tokens", len(long), len(texts), self.max_tokens)
        return Prompts(token_ids, len(long))


def _first_tokens(tokenizer: Any, text: str, count: int) -> str:
    """The beginning of a text that is ``count`` tokens long."""
    encoded = tokenizer(
        text, add_special_tokens=False, truncation=True, max_length=count, return_offsets_mapping=True
    )
    offsets = encoded["offset_mapping"]
    return text[: offsets[-1][1]] if offsets else ""
