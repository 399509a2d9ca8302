"""The whole way on a world whose right answer is known, ending with one title nobody has seen."""

from pathlib import Path

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

AUDIENCE = 20
ARRIVALS = 25
SHORT = (
    "bpr.d=64",
    "bpr.epochs=60",
    "filterllm.lora_epochs=0",
)
"""A small world needs small models; everything else is as it would be on real data."""


def run_demo(home: Home, *, users: int, items: int, seed: int, console: Console) -> None:
    """Import the world, retrain, let new titles arrive and be placed, and compare with the truth.

    Running it again finds everything done and goes straight to the end.

    Raises:
        JobFailed: If a station fails.
    """
    use_home(home)
    world = SyntheticWorld.create(users, items, seed=seed, n_interactions=20 * items)
    world.save(home.root)
    console.rule(f"1  a world of {users} users and {items} items")
    with Store.open(home.database_url) as store:
        summary = store.import_dataset(world.dataset())
        store.import_dataset(_arrivals(world))
    console.print(
        f"{summary.interactions_added:,} interactions, and {ARRIVALS} new items that nobody has touched"
    )
    settings = Settings.read(home, assignments=SHORT)
    console.rule("2  retrain: snapshot, train, judge, register, promote, place, publish")
    retrain_home(home, settings, console=console, force=False)
    console.rule("3  a title nobody has seen")
    title = world.new_titles(1)[0]
    with Store.open(home.database_url) as store:
        published = store.current_publication()
        if published is None:
            console.print("the gate refused the version, so nothing is published; the report says why")
            return
        console.print(_comparison(home, store, published.version, world, title))
    key = plan_retrain(home, settings).plan.key
    _where_to_look(home, key, console)


def _arrivals(world: SyntheticWorld) -> Dataset:
    """Items without interactions: a text is all there is."""
    titles = world.new_titles(ARRIVALS)
    ids = [f"new-{number:03d}" for number in range(ARRIVALS)]
    return Dataset("arrivals", items=Source.of_table("arrivals", {"item_id": ids, "text": titles}))


def _comparison(home: Home, store: Store, version: int, world: SyntheticWorld, title: str) -> Table:
    """The predicted audience beside the true one and beside chance."""
    from assets.explaining import audiences_of

    registry = RegistryResource(home=str(home.root))
    audience = audiences_of(store, registry, version, [title], k=AUDIENCE, nearest=1, history=50)[0]
    truth = world.true_probability_of(title)
    of_user = dict(zip(world.user_ids, truth.tolist(), strict=True))
    best = sorted(of_user, key=lambda user: -of_user[user])[:AUDIENCE]
    predicted = [user for user, _, _ in audience.rows]
    found = sum(of_user[user] for user in predicted)
    ceiling, chance = sum(of_user[user] for user in best), AUDIENCE / len(of_user)
    table = Table(
        title=f"“{title}”\n"
        f"the {AUDIENCE} predicted users really hold {found:.1%} of its audience: "
        f"{ceiling:.1%} is possible, chance is {chance:.1%}; "
        f"{len(set(predicted) & set(best))} of {AUDIENCE} are among the true best"
    )
    for column in (
        "rank",
        "predicted user",
        "predicted",
        "true",
        "nearest title of their history",
        "truly best",
    ):
        table.add_column(column, justify="right" if column in ("rank", "predicted", "true") else "left")
    for rank, ((user, probability, near), true_user) in enumerate(
        zip(audience.rows, best, strict=True), start=1
    ):
        table.add_row(
            str(rank), user, f"{probability:.2%}", f"{of_user[user]:.2%}", near[0] if near else "", true_user
        )
    return table


def _where_to_look(home: Home, key: str, console: Console) -> None:
    report: Path = home.artifacts / "evaluation_report" / key / "report.html"
    console.print(f"report  {report}")
    console.print(f"pages   coldcast --home {home.root} ui")
    console.print(f"more    coldcast --home {home.root} place --text 'your own title'")
