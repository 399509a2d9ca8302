"""What an asset may ask for: the store, the model registry, the machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from data.home import Home

if TYPE_CHECKING:
    from assets.registry import Registry
    from data.store.store import Store


class StoreResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The store of a home (empty: ``COLDCAST_HOME`` or ``./.coldcast``)."""

    home: str = ""

    @contextmanager
    def open(self) -> "Iterator[Store]":
        """The store, open for the body of a ``with``."""
        from data.store.store import Store

        store = Store.open(Home.resolve(self.home or None).create().database_url)
        try:
            yield store
        finally:
            store.close()


class RegistryResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The model registry of a home."""

    home: str = ""

    def root(self) -> Path:
        """The home's folder."""
        return Home.resolve(self.home or None).root

    def artifacts(self) -> Path:
        """The folder of the home's artefacts."""
        return Home.resolve(self.home or None).artifacts

    def cache(self) -> Path:
        """Where copies of remote model files are kept."""
        return Home.resolve(self.home or None).root / "model_cache"

    def open(self) -> "Registry":
        """The registry; nothing is contacted before it is asked something."""
        from assets.registry import Registry

        home = Home.resolve(self.home or None).create()
        return Registry(tracking_uri=home.mlflow_url, artifact_root=home.mlflow_artifacts)


class Compute(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The machine that models run on.

    Attributes:
        threads: Threads of torch; 0 takes ``OMP_NUM_THREADS``, or half the cores: on busy machines as many threads
            as cores are several times slower than one.
        device: ``auto`` takes an accelerator where there is one.
    """

    threads: int = 0
    device: str = "auto"

    def apply(self) -> str:
        """Set torch's threads and return the device's name."""
        import torch

        if self.threads or "OMP_NUM_THREADS" not in os.environ:
            torch.set_num_threads(self.threads or max(1, (os.cpu_count() or 1) // 2))
        if self.device != "auto":
            return self.device
        return "cuda" if torch.cuda.is_available() else "cpu"
