"""FilterLLM with one thing changed: what each part of it is worth.

The whole is ``filterllm`` (scored directly) and ``default`` (placed); a line here differs from it in what its name
says, and in nothing else. Models of a share of the training are judged as all others are: the same users, the same
candidates. Users without a training pair among the share have no list of their own, and are the last of every
audience.
"""

from typing import Any

from assets.benchmark.product import DIRECT, PRODUCT, Form
from assets.benchmark.rivals import BPR_VECTORS
from assets.benchmark.training_share import Share

LORA_SCALE = 2.0
"""lora_alpha / lora_rank at every rank, as in the defaults: ranks differ in rank alone."""


def _changed(what: str, **changes: Any) -> Form:
    return Form(f"{DIRECT}_{what}", changes=changes)


STARTS = (
    _changed("random", token_init="random"),
    *(Form(f"{DIRECT}_{kind}", f"{PRODUCT}_{kind}", vectors=kind) for kind in BPR_VECTORS),
)
"""Where user tokens start: at random, or at BPR vectors, which are then the published space too."""

PARTS = (
    _changed("linear", mapper="linear"),
    _changed("no_guiding", behaviour_weight=0.0),
    _changed("no_mirrored", mirrored_weight=0.0),
    _changed("no_text", text_weight=0.0),
    _changed("no_smoothing", smoothing=0.0),
    _changed("no_vectors", text_vector_share=0.0),
    _changed("even_items", text_item_power=0.0),
    _changed("even_users", text_user_spread=0.0),
)
"""Mapper, terms of the loss, and what makes the closed-form part, which ``no_text`` is without."""

LORA = tuple(
    _changed(f"lora{rank}", lora_epochs=1, lora_rank=rank, lora_alpha=LORA_SCALE * rank)
    for rank in (4, 16, 64)
)
WIDTHS = tuple(_changed(f"d{width}", width=width) for width in (32, 64, 128, 200, 400))
SHARES = tuple(
    Form(f"{DIRECT}_{share.of}{100 * share.part:.0f}", share=share)
    for share in (
        *(Share("items", part) for part in (0.1, 0.25, 0.5)),
        *(Share("users", part) for part in (0.25, 0.5)),
    )
)
"""Of the warm items, or of the users; all of them is ``filterllm``."""

FORMS = (*STARTS, *PARTS, *LORA, *WIDTHS, *SHARES)
ENTRIES = tuple(form.entry(seeds=1) for form in FORMS)
