"""Each ablation differs from the whole in what its name says, and in nothing else."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from assets.benchmark.ablations import ENTRIES, FORMS
from assets.benchmark.product import DIRECT, PRODUCT, Form

WHOLE = Form(DIRECT, PRODUCT)


def differing(form: Form) -> set[str]:
    """Fields of FilterLLM's settings in which a form is not the whole."""
    ours, whole = asdict(form.config(42)), asdict(WHOLE.config(42))
    return {name for name in whole if ours[name] != whole[name]}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.direct)
def test_something_differs_and_only_what_is_said(form: Form) -> None:
    changed = {
        "config": bool(differing(form)),
        "vectors": form.vectors != WHOLE.vectors,
        "share": form.share is not None,
    }
    assert sum(changed.values()) == 1, changed
    assert differing(form) <= set(form.changes)


def test_lora_ranks_differ_in_rank_alone() -> None:
    configs = [form.config(42) for form in FORMS if "lora_rank" in form.changes]
    assert sorted(one.lora_rank for one in configs) == [4, 16, 64]
    assert len({one.lora_alpha / one.lora_rank for one in configs}) == 1
    assert {one.lora_epochs for one in configs} == {1}


def test_what_the_issue_asks_for_is_there() -> None:
    models = {model for one in ENTRIES for model in one.models}
    assert {f"filterllm_d{width}" for width in (32, 64, 128, 200, 400)} <= models
    assert {"filterllm_items10", "filterllm_items25", "filterllm_items50"} <= models
    assert {"filterllm_users25", "filterllm_users50"} <= models
    assert {"filterllm_random", "filterllm_linear", "filterllm_no_text", "filterllm_no_smoothing"} <= models
    assert {"default_mf", "default_ngcf", "default_lightgcn", "filterllm_lightgcn"} <= models
    assert {one.seeds for one in ENTRIES} == {1}


def test_a_form_on_bpr_vectors_is_published_in_their_space() -> None:
    assert Form("a", "b", vectors="ngcf").spaces == {"token_vectors": "ngcf", "bpr_embeddings": "ngcf"}
    assert WHOLE.spaces == {"token_vectors": "ials", "bpr_embeddings": "mf"}
