"""A user's history and a target as token ids: titles one after the other, the target last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.baselines.array_types import Indices


@dataclass(frozen=True)
class PairTokens:
    """One question to the language model.

    Attributes:
        ids: Token ids, history first.
        target_start: Where the target's title begins; both sides have at least one token.
    """

    ids: list[int]
    target_start: int

    def __len__(self) -> int:
        return len(self.ids)


class PairTexts:
    """Titles tokenised once, put together pair by pair.

    Args:
        tokenizer: A transformers tokenizer that marks a text's beginning or end.
        texts: One per item, I of them.
        title_tokens: A title loses what comes after so many tokens, >= 1.
        limit: Tokens of a whole question; history titles that do not fit are left out, the least similar first.

    Raises:
        ValueError: If the tokenizer marks neither beginning nor end, or no history fits beside a target.
    """

    def __init__(self, tokenizer: Any, texts: Sequence[str], *, title_tokens: int, limit: int) -> None:
        frame = list(tokenizer("")["input_ids"])
        if not frame:
            raise ValueError("the tokenizer puts no token around a text, so nothing can separate titles")
        if limit < 2 * title_tokens + 3:
            raise ValueError(
                f"limit must be at least {2 * title_tokens + 3} for two titles of title_tokens={title_tokens} "
                f"with what separates them, got {limit}"
            )
        titles = tokenizer(list(texts), add_special_tokens=False, truncation=True, max_length=title_tokens)
        self._titles: list[list[int]] = [list(ids) for ids in titles["input_ids"]]
        self._begin, self._separator = frame[:1], frame[-1:]
        self._limit = limit

    def pair(self, history: Indices, target: int) -> PairTokens:
        """``[begin] title [separator] title [separator] ... target [separator]``.

        Args:
            history: Items of the user, the most important first; may be empty.
            target: The item in question.
        """
        question = self._titles[target] + self._separator
        ids = list(self._begin)
        for item in history:
            title = self._titles[item] + self._separator
            if len(ids) + len(title) + len(question) > self._limit:
                break
            ids += title
        return PairTokens(ids + question, len(ids))
