"""What an asset may ask for: the store, the model registry, the machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import PrivateAttr

from data.errors import InputError
from data.home import Home

if TYPE_CHECKING:
    from assets.registry import Registry
    from data.store.store import Store


RETRY_VARIABLE = "COLDCAST_MLFLOW_RETRY_SECONDS"
RETRY_SECONDS = 60.0  # MLflow may be away so long, in all, before a run fails


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
    _registry: Any = PrivateAttr(default=None)

    def root(self) -> Path:
        """The home's folder."""
        return Home.resolve(self.home or None).root

    def artifacts(self) -> Path:
        """The folder of the home's artefacts."""
        return Home.resolve(self.home or None).artifacts

    def cache(self) -> Path:
        """Where copies of remote model files are kept."""
        return Home.resolve(self.home or None).root / "model_cache"

    def open(self, *, retry_seconds: float | None = None) -> "Registry":
        """The registry; nothing is contacted before it is asked something.

        Stations of one run share it, so that the seconds of an outage are counted over all of them.

        Args:
            retry_seconds: Seconds an outage may last; if left out ``COLDCAST_MLFLOW_RETRY_SECONDS``, else 60.

        Raises:
            InputError: If the variable is no positive number.
        """
        from assets.registry import Registry

        if retry_seconds is not None or self._registry is None:
            home = Home.resolve(self.home or None).create()
            registry = Registry(
                tracking_uri=home.mlflow_url,
                artifact_root=home.mlflow_artifacts,
                retry_seconds=retry_seconds or patience_seconds(),
            )
            if retry_seconds is not None:
                return registry
            self._registry = registry
        shared: Registry = self._registry
        return shared


def patience_seconds() -> float:
    """How long MLflow may be away: ``COLDCAST_MLFLOW_RETRY_SECONDS``, else a minute.

    Raises:
        InputError: If the variable is no positive number.
    """
    text = os.environ.get(RETRY_VARIABLE, "")
    try:
        seconds = float(text) if text else RETRY_SECONDS
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise InputError(f"{RETRY_VARIABLE} must be a positive number of seconds, got {text!r}")
    return seconds


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

        from models.filterllm.precision import chosen_device

        if self.threads or "OMP_NUM_THREADS" not in os.environ:
            torch.set_num_threads(self.threads or max(1, (os.cpu_count() or 1) // 2))
        return str(chosen_device(self.device))
