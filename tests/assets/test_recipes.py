"""The reference form, field by field, in the sections that a run reads."""

from __future__ import annotations

from assets.recipes import RECIPES, recipe
from assets.token_vectors import TokenVectorsConfig
from assets.user_vocabulary_checkpoint import VocabularyConfig
from models.coldstart.config import ColdUpdateConfig
from models.filterllm.config import FilterLLMConfig


def test_the_default_recipe_sets_nothing() -> None:
    assert recipe("default") == {}
    assert RECIPES[0] == "default"


def test_the_reference_is_that_of_the_benchmark() -> None:
    sections = recipe("reference")
    vocabulary = VocabularyConfig(**sections["filterllm"])
    assert vocabulary.of_the_model() == FilterLLMConfig.reference()
    assert vocabulary.kept_epoch == "last"
    assert ColdUpdateConfig(**sections["placement"]) == ColdUpdateConfig.literal()
    assert TokenVectorsConfig(**sections["tokens"]).method == "bpr"
