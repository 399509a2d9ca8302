"""Whether a retrain may go on from the published version, or must start over."""

from data.home import Home
from data.store.store import Store
from orchestration.settings import Settings


def extending(home: Home, settings: Settings) -> tuple[Settings, str]:
    """The settings of a retrain that extends the published version, and a sentence that says which.

    After an erasure the retrain starts over: what was learned from the users who are gone must not go on.

    Args:
        home: The home.
        settings: Of a retrain in full.

    Returns:
        The settings with the version to extend, or without one, and why.
    """
    with Store.open(home.create().database_url) as store:
        published, erased = store.current_publication(), store.latest_erasure()
        rows = {row.version: row.snapshot_key for row in store.model_versions()}
        made = {row.key: row.created_at for row in store.snapshots()}
    over = settings.without("extension", "version")
    if published is None:
        return over, "nothing is published yet: training in full"
    if erased is not None and made.get(rows[published.version], 0) <= erased.at:
        return over, (
            f"{erased.n_users:,} users were erased after the snapshot of version {published.version} "
            f"({erased.reason}): training in full"
        )
    number = published.version
    return settings.with_values("extension", version=number), f"extending version {number}"
