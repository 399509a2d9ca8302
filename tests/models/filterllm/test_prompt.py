from __future__ import annotations

import pytest

from models.filterllm.language_model import LanguageModel, load_language_model
from models.filterllm.prompt import PromptTemplate


@pytest.fixture(scope="module")
def model(encoder: str) -> LanguageModel:
    return load_language_model(encoder)


def test_a_text_is_filled_into_the_template(model: LanguageModel) -> None:
    bare = PromptTemplate().tokenize(model.tokenizer, ["graph market"])
    framed = PromptTemplate("music of {text} for sound").tokenize(model.tokenizer, ["graph market"])
    assert bare.token_ids[0][1:-1] == framed.token_ids[0][3:-3]
    assert len(framed.token_ids[0]) == len(bare.token_ids[0]) + 4
    assert bare.truncated == 0


def test_a_long_text_loses_its_end_and_the_template_nothing(model: LanguageModel) -> None:
    template = PromptTemplate("music {text} sound", max_tokens=10)
    prompts = template.tokenize(model.tokenizer, ["graph " * 20_000, "graph"])
    words = model.tokenizer.convert_ids_to_tokens(prompts.token_ids[0])
    assert words == ["[CLS]", "music", *["graph"] * 6, "sound", "[SEP]"]
    assert prompts.truncated == 1


def test_a_text_of_exactly_the_limit_is_not_cut(model: LanguageModel) -> None:
    template = PromptTemplate(max_tokens=8)
    assert template.tokenize(model.tokenizer, ["graph " * 6]).truncated == 0
    assert template.tokenize(model.tokenizer, ["graph " * 7]).truncated == 1


def test_an_empty_text_is_the_bare_template(model: LanguageModel) -> None:
    assert PromptTemplate().tokenize(model.tokenizer, [""]).token_ids == [[2, 3]]
    assert PromptTemplate().tokenize(model.tokenizer, []).token_ids == []


@pytest.mark.parametrize("template", ["no place", "{text} twice {text}"])
def test_a_template_without_exactly_one_place_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"template must hold \{text\} exactly once"):
        PromptTemplate(template)


def test_a_template_that_fills_the_limit_is_refused(model: LanguageModel) -> None:
    with pytest.raises(ValueError, match=r"the template alone has 10 tokens.*max_tokens=8"):
        PromptTemplate("music " * 8 + "{text}", max_tokens=8).tokenize(model.tokenizer, ["graph"])
    with pytest.raises(ValueError, match="max_tokens must be at least 8, got 7"):
        PromptTemplate(max_tokens=7)
