"""The demo's world is never mixed with other data."""

from __future__ import annotations

from data.home import Home
from tests.orchestration.worlds import Cli, open_store


def test_a_home_of_other_data_is_refused_and_stays_as_it_is(home: Home) -> None:
    with open_store(home) as store:
        store.ensure_user("ann")
    told = Cli(home).run("demo", code=1)
    assert "holds other data" in told
    assert "coldcast --home .coldcast-demo demo" in told
    with open_store(home) as store:
        assert store.counts()["users"] == 1
    assert not list(home.root.glob("synthetic*"))
