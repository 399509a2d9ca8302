"""Items as the store takes them: text rendered from text and attributes, attributes as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.columns import ATTRIBUTES, CREATED_AT, ITEM_ID, ROW, TEXT
from data.item_texts import PLAIN_TEMPLATE, render_text


def item_batch(
    ids: pa.Array | Sequence[str],
    texts: Sequence[str | None],
    attributes: Sequence[Mapping[str, object]],
    *,
    template: str,
    rows: NDArray[np.int64],
    created_at: pa.Array | None = None,
) -> pa.RecordBatch:
    """Make a batch of n items.

    Args:
        ids: Shape (n,).
        texts: Shape (n,); None and white space stay empty, whatever the template adds, to be refused later.
        attributes: Shape (n,); values that are None or empty are left out.
        template: How text and attributes become one text, see :func:`data.item_texts.render_text`.
        rows: Where each item stands in its file, shape (n,), int64.
        created_at: Shape (n,), int64 unix seconds; None where the source does not say.
    """
    kept = [{name: value for name, value in held.items() if value not in (None, "")} for held in attributes]
    rendered = [_rendered(text, held, template) for text, held in zip(texts, kept, strict=True)]
    columns = {
        ITEM_ID: ids if isinstance(ids, pa.Array) else pa.array(ids, pa.string()),
        TEXT: pa.array(rendered, pa.string()),
        ATTRIBUTES: pa.array([json_object(held) for held in kept], pa.string()),
        ROW: pa.array(rows),
    }
    if created_at is not None:
        columns[CREATED_AT] = created_at
    return pa.RecordBatch.from_pydict(columns)


def json_object(held: Mapping[str, object]) -> str:
    """Write attributes as JSON, equal ones as equal text."""
    return json.dumps(held, ensure_ascii=False, sort_keys=True, default=str) if held else "{}"


def _rendered(text: str | None, attributes: Mapping[str, object], template: str) -> str:
    if text is None or not text.strip():
        return ""
    return text.strip() if template == PLAIN_TEMPLATE else render_text(text, attributes, template)
