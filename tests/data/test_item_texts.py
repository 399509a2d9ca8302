from __future__ import annotations

import pytest

from data.item_texts import ItemTexts, render_text, text_hash, truncate_text


def test_texts_by_index() -> None:
    texts = ItemTexts(["a", "", "ü"])
    assert texts[[2, 0, 2]] == ["ü", "a", "ü"]
    assert list(texts) == ["a", "", "ü"]
    assert texts == ItemTexts(["a", "", "ü"])
    with pytest.raises(IndexError, match=r"item indices must lie in \[0, 3\), got -1..1"):
        texts[[1, -1]]
    with pytest.raises(TypeError, match=r"texts must be strings, got None \(NoneType\) at position 1"):
        ItemTexts(["a", None])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("template", "attributes", "expected"),
    [
        ("{text}", {"genres": ["Crime"]}, "Heat"),
        ("{text} {year}", {"year": 1995}, "Heat 1995"),
        ("{text} {year}", {}, "Heat"),
        ("{text}[ (genres: {genres})]", {"genres": ["Action", "Crime"]}, "Heat (genres: Action, Crime)"),
        ("{text}[ (genres: {genres})]", {"genres": []}, "Heat"),
        ("{text}[ (genres: {genres})]", {"genres": None}, "Heat"),
        ("{text}[ {a}/{b}]", {"b": "x"}, "Heat /x"),
        ("[[{text}]] {{x}}", {}, "[Heat] {x}"),
        ("{text}", {"text": "another"}, "Heat"),
        ("{text} {a}", {"a": "[{text}]"}, "Heat [{text}]"),
    ],
)
def test_rendering(template: str, attributes: dict[str, object], expected: str) -> None:
    assert render_text("Heat", attributes, template) == expected


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{title}", r"template must contain \{text\}, got '\{title\}'"),
        ("{text} {a.b}", r"template fields must be plain names, got \{a.b\}"),
        ("{text} {", "template is unreadable"),
        ("{text}[ {a}", r"template has a lone or nested bracket.*write \[\[ or \]\] for one"),
        ("{text}[ [{a}]]", "template has a lone or nested bracket"),
    ],
)
def test_wrong_templates_are_refused(template: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render_text("Heat", {}, template)


def test_truncation_counts_characters() -> None:
    assert truncate_text("ü" * 5, 3) == "üüü"
    assert truncate_text("ab", 3) == "ab"
    with pytest.raises(ValueError, match="limit must be at least 1 character, got 0"):
        truncate_text("a", 0)


def test_the_hash_is_that_of_the_utf8_bytes() -> None:
    assert text_hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert text_hash("a") != text_hash("b")
