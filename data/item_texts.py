"""ItemTexts: one text per item index, and how text and attributes become that one text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from string import Formatter

import numpy as np
from numpy.typing import NDArray

PLAIN_TEMPLATE = "{text}"
TEXT_LIMIT = 10_000  # characters; about 2,500 tokens, many times what a language model reads of one item

_PART = re.compile(r"\[\[|\]\]|\[((?:[^\[\]])*)\]|([^\[\]]+)|([\[\]])")


class ItemTexts:
    """One text per item index.

    Args:
        texts: The text of item 0, 1, ...; a text may be empty, it may not be missing.

    Raises:
        TypeError: If a text is not a string.
    """

    __slots__ = ("_texts",)

    def __init__(self, texts: Sequence[str] | NDArray[np.object_]) -> None:
        self._texts = np.empty(len(texts), dtype=object)
        self._texts[:] = list(texts)
        for at, text in enumerate(self._texts):
            if not isinstance(text, str):
                kind = type(text).__name__
                raise TypeError(f"texts must be strings, got {text!r} ({kind}) at position {at}")
        self._texts.flags.writeable = False

    def __len__(self) -> int:
        return len(self._texts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts.tolist())

    def __getitem__(self, index: Sequence[int] | NDArray[np.int64]) -> list[str]:
        """Return the texts of n item indices, in that order.

        Raises:
            IndexError: If an index is outside 0..len-1.
        """
        asked = np.asarray(index, dtype=np.int64).reshape(-1)
        if asked.size and (asked.min() < 0 or asked.max() >= len(self)):
            raise IndexError(f"item indices must lie in [0, {len(self)}), got {asked.min()}..{asked.max()}")
        found: list[str] = self._texts[asked].tolist()
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ItemTexts) and bool(np.array_equal(self._texts, other._texts))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ItemTexts({len(self)} texts)"


def render_text(text: str, attributes: Mapping[str, object], template: str = PLAIN_TEMPLATE) -> str:
    """Fold an item's attributes into its text.

    ``{text}`` and ``{name of an attribute}`` are replaced; an attribute the item lacks becomes empty, a
    list is joined with commas. A part in square brackets disappears when all its fields are empty, so
    ``"{text}[ (genres: {genres})]"`` leaves no empty parentheses. ``[[``, ``]]``, ``{{`` and ``}}`` stand for
    themselves.

    Args:
        text: The item's own text, such as its title.
        attributes: Further values by name.
        template: The pattern described above.

    Returns:
        The rendered text, without white space at its ends.

    Raises:
        ValueError: If the template has no ``{text}``, a field that is not a plain name, or a lone bracket.
    """
    require_template(template)
    values = {**{name: _flat(value) for name, value in attributes.items()}, "text": text}
    rendered: list[str] = []
    for part in _PART.finditer(template):
        section, plain, _ = part.groups()
        if section is not None:
            filled, any_value = _fill(section, values)
            rendered.append(filled if any_value else "")
        elif plain is not None:
            rendered.append(_fill(plain, values)[0])
        else:
            rendered.append(part.group()[0])
    return "".join(rendered).strip()


def require_template(template: str) -> None:
    """Refuse a template that :func:`render_text` could not follow.

    Raises:
        ValueError: As told there.
    """
    if any(part.group(3) for part in _PART.finditer(template)):
        raise ValueError(f"template has a lone or nested bracket: {template!r}; write [[ or ]] for one")
    try:
        fields = [field for _, field, _, _ in Formatter().parse(template) if field is not None]
    except ValueError as error:
        raise ValueError(f"template is unreadable ({error}): {template!r}; write {{{{ for a brace") from error
    if "text" not in fields:
        raise ValueError(f"template must contain {{text}}, got {template!r}")
    wrong = [field for field in fields if not field.replace("-", "_").isidentifier()]
    if wrong:
        raise ValueError(f"template fields must be plain names, got {{{wrong[0]}}} in {template!r}")


def truncate_text(text: str, limit: int = TEXT_LIMIT) -> str:
    """Cut a text to at most ``limit`` characters.

    Raises:
        ValueError: If ``limit`` is below 1.
    """
    if limit < 1:
        raise ValueError(f"limit must be at least 1 character, got {limit}")
    return text[:limit]


def text_hash(text: str) -> str:
    """Return the SHA-256 of a text as 64 hex digits: what tells the store that a text has changed."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _fill(part: str, values: Mapping[str, str]) -> tuple[str, bool]:
    out: list[str] = []
    any_value = False
    for literal, field, _, _ in Formatter().parse(part):
        out.append(literal)
        if field is not None:
            value = values.get(field, "")
            any_value = any_value or bool(value)
            out.append(value)
    return "".join(out), any_value


def _flat(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return ", ".join(_flat(entry) for entry in value)
    return str(value).strip()
