"""Whether a retrain may go on from the published version, or must start over."""

from data.home import Home
from data.store.store import Store
from orchestration.settings import Settings


def extending(home: Home, settings: Settings) -> tuple[Settings, str]:
    """The settings of a retrain that extends the published version, and a sentence that says which.

    Args:
        home: The home.
        settings: Of a retrain in full.

    Returns:
        The settings with the version to extend, or without one, and why.
    """
    with Store.open(home.create().database_url) as store:
        published = store.current_publication()
    if published is None:
        return settings.without("extension", "version"), "nothing is published yet: training in full"
    number = published.version
    return settings.with_values("extension", version=number), f"extending version {number}"
