"""The whole way on a world whose right answer is known, ending with one title nobody has seen."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

from assets.resources import RegistryResource
from data.home import Home
from data.readers.dataset import Dataset, Source
from data.readers.synthetic import SyntheticWorld
from data.store.store import Store
from orchestration.environments import use_home
from orchestration.retraining import plan_retrain, retrain_home
from orchestration.settings import Settings
from orchestration.synthetic_home import kept, make_world, require_own

if TYPE_CHECKING:
    from assets.explaining import Audience

AUDIENCE = 20
SHOWN = 8
ARRIVALS = 25
NO_ADAPTERS = ("filterllm.lora_epochs=0",)
"""LoRA costs a minute and gains nothing on so small a world; everything else is as on real data."""


def run_demo(home: Home, *, users: int, items: int, seed: int, console: Console) -> None:
    """Import the world, retrain, let new titles arrive and be placed, and compare with the truth.

    Running it again finds everything done and goes straight to the end.

    Raises:
        InputError: If the home holds other data or another world, or there can be no such world.
        JobFailed: If a station fails.
    """
    use_home(home)
    world = make_world(users, items, seed=seed, n_interactions=20 * items)
    with Store.open(home.database_url) as store:
        require_own(home, store, world, instead="coldcast --home .coldcast-demo demo")
        console.rule(f"1  a world of {users} users and {items} items")
        with kept(home, world):
            summary = store.import_dataset(world.dataset())
        store.import_dataset(_arrivals(world))
    console.print(
        f"{summary.interactions_added:,} interactions, and {ARRIVALS} new items that nobody has touched"
    )
    settings = Settings.read(home, assignments=NO_ADAPTERS)
    console.rule("2  retrain: snapshot, train, judge, register, promote, place, publish")
    retrain_home(home, settings, console=console, force=False)
    console.rule("3  titles nobody has seen")
    titles = world.new_titles(ARRIVALS)
    with Store.open(home.database_url) as store:
        published = store.current_publication()
        if published is None:
            console.print("the gate refused the version, so nothing is published; the report says why")
            return
        audiences = _asked(home, store, published.version, titles)
    console.print(_comparison(audiences[0], world))
    console.print(_over_all(audiences, world))
    key = plan_retrain(home, settings).plan.key
    _where_to_look(home, key, console)


def _arrivals(world: SyntheticWorld) -> Dataset:
    """Items without interactions: a text is all there is."""
    titles = world.new_titles(ARRIVALS)
    ids = [f"new-{number:03d}" for number in range(ARRIVALS)]
    return Dataset("arrivals", items=Source.of_table("arrivals", {"item_id": ids, "text": titles}))


def _asked(home: Home, store: Store, version: int, titles: list[str]) -> "list[Audience]":
    from assets.explaining import audiences_of

    registry = RegistryResource(home=str(home.root))
    return audiences_of(store, registry, version, titles, k=AUDIENCE, nearest=1, history=50)


def _shares(audience: "Audience", world: SyntheticWorld) -> tuple[float, float]:
    """What the predicted users really hold of the audience, and the most that so many users can hold."""
    truth = world.true_probability_of(audience.text)
    of_user = dict(zip(world.user_ids, truth.tolist(), strict=True))
    return sum(of_user[user] for user, _, _ in audience.rows), float(np.sort(truth)[-AUDIENCE:].sum())


def _comparison(audience: "Audience", world: SyntheticWorld) -> Table:
    """The predicted audience of one title beside the true one and beside chance."""
    truth = world.true_probability_of(audience.text)
    of_user = dict(zip(world.user_ids, truth.tolist(), strict=True))
    best = sorted(of_user, key=lambda user: -of_user[user])
    held, possible = _shares(audience, world)
    table = Table(
        title=f"“{audience.text}”\nthe {AUDIENCE} predicted users hold {held:.1%} of its true audience; "
        f"{possible:.1%} is possible, chance is {AUDIENCE / len(of_user):.1%}",
        caption=f"the first {SHOWN} of {AUDIENCE}",
    )
    for column in (
        "predicted user",
        "predicted",
        "true",
        "nearest title of their history",
        "truly best",
        "true",
    ):
        table.add_column(column, justify="right" if column in ("predicted", "true") else "left")
    for (user, probability, near), true_user in list(zip(audience.rows, best, strict=False))[:SHOWN]:
        own = f"{of_user[user]:.2%}"
        nearest = near[0] if near else ""
        table.add_row(user, f"{probability:.2%}", own, nearest, true_user, f"{of_user[true_user]:.2%}")
    return table


def _over_all(audiences: "list[Audience]", world: SyntheticWorld) -> str:
    shares = np.array([_shares(audience, world) for audience in audiences])
    held, possible = shares.mean(axis=0)
    chance = AUDIENCE / world.size.n_users
    return (
        f"over {len(audiences)} such titles: the predicted {AUDIENCE} users hold {held:.1%} of the true audience, "
        f"{held / chance:.1f} times what chance gives ({chance:.1%}); {possible:.1%} is possible"
    )


def _where_to_look(home: Home, key: str, console: Console) -> None:
    report: Path = home.artifacts / "evaluation_report" / key / "report.html"
    console.print(f"report  {report}", soft_wrap=True)
    console.print(f"pages   coldcast --home {home.root} ui", soft_wrap=True)
    console.print(f"more    coldcast --home {home.root} place --text 'your own title'")
