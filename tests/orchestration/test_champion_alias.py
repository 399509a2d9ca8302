"""Who moved: the publication or the alias."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from data.home import Home
from data.store.publication import Publication
from orchestration.champion_alias import AGREED, alias_now, alias_state, catch_up
from tests.orchestration.worlds import filled, open_store, publish_all


@dataclass
class Alias:
    """A registry that knows its alias alone."""

    at: int | None

    def difference(self, published: int) -> str | None:
        return None if self.at == published else f"{published} is published, champion is {self.at}"

    def repair(self, published: int) -> None:
        self.at = published

    def champion(self) -> Any:
        return None if self.at is None else SimpleNamespace(version=self.at)


FIRST = Publication(1, None, 100)
SECOND = Publication(2, 1, 200)


def kind(home: Home, at: int | None, published: Publication) -> str:
    return alias_state(home, Alias(at), published).kind  # type: ignore[arg-type]


def test_an_alias_that_has_not_agreed_yet_is_behind(home: Home) -> None:
    assert kind(home, None, FIRST) == "behind"
    assert kind(home, 1, FIRST) == "agrees"
    assert kind(home, 1, SECOND) == "behind"


def test_an_alias_that_has_agreed_was_moved(home: Home) -> None:
    assert kind(home, 2, SECOND) == "agrees"
    assert kind(home, 1, SECOND) == "moved"
    assert kind(home, 1, SECOND) == "moved"
    assert kind(home, 2, SECOND) == "agrees"


def test_the_same_version_published_again_is_another_publication(home: Home) -> None:
    assert kind(home, 1, FIRST) == "agrees"
    assert kind(home, 2, Publication(1, None, 300)) == "behind"


def test_an_alias_that_was_removed_is_put_back(home: Home) -> None:
    assert kind(home, 1, FIRST) == "agrees"
    assert kind(home, None, FIRST) == "behind"


@pytest.mark.parametrize("text", ["", "{", "[7]"])
def test_a_damaged_note_says_nothing(home: Home, text: str) -> None:
    (home.root / AGREED).write_text(text)
    assert kind(home, 2, FIRST) == "behind"


def test_an_alias_that_was_left_behind_catches_up_and_a_moved_one_stays(home: Home) -> None:
    alias: Any = Alias(None)
    filled(home)
    catch_up(home, alias)
    assert alias.at is None  # nothing is published
    publish_all(home)
    catch_up(home, alias)
    assert alias.at == 1
    alias.at = 7
    catch_up(home, alias)
    assert alias.at == 7


class MovesMeanwhile(Alias):
    """A run publishes version 2 and moves the alias, just when somebody is about to look at it."""

    home: Home

    def difference(self, published: int) -> str | None:
        publish_all(self.home, 2)
        self.at = 2
        return super().difference(published)


def test_an_alias_that_a_run_has_moved_is_nobodys_move(home: Home) -> None:
    filled(home)
    publish_all(home)
    with open_store(home) as store:
        published = store.current_publication()
    assert published is not None
    still: Any = Alias(1)
    assert alias_now(home, still, published) == alias_state(home, still, published)
    alias: Any = MovesMeanwhile(1)
    alias.home = home
    assert alias_now(home, alias, published) is None
