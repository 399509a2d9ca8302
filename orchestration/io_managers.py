"""One IO manager for every asset: the value saves itself, the folder keeps it whole."""

import importlib
from pathlib import Path
from typing import Any

import dagster as dg

from assets.values import VALUE_TYPE
from data.home import Home
from orchestration.artifact_folder import check_artifact, write_artifact


class ArtifactIOManager(dg.IOManager):
    """Keeps ``<artifacts>/<asset>/<partition>``; an asset names its value's class in its definition metadata."""

    def __init__(self, artifacts: Path) -> None:
        self.artifacts = artifacts

    def folder(self, asset: str, partition: str | None) -> Path:
        """Where an asset's value rests; assets without partitions keep one value, ``latest``."""
        return self.artifacts / asset / (partition or "latest")

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Write the value whole; record where and how large."""
        if obj is None:
            return
        partition = context.asset_partition_key if context.has_asset_partitions else None
        folder = self.folder(context.asset_key.path[-1], partition)
        size = write_artifact(folder, obj)
        context.add_output_metadata({"path": dg.MetadataValue.path(str(folder)), "bytes": size})

    def load_input(self, context: dg.InputContext) -> Any:
        """Check the digests, then load the value with the class the upstream asset names."""
        upstream = context.upstream_output
        if upstream is None:
            raise ValueError(f"input {context.name!r} has no upstream asset to load from")
        partition = context.asset_partition_key if context.has_asset_partitions else None
        folder = self.folder(context.asset_key.path[-1], partition)
        check_artifact(folder)
        module, _, name = upstream.definition_metadata[VALUE_TYPE].partition(":")
        return getattr(importlib.import_module(module), name).load(folder)


class Artifacts(dg.ConfigurableIOManagerFactory[ArtifactIOManager]):
    """The artefact folder of a home (empty: ``COLDCAST_HOME`` or ``./.coldcast``)."""

    home: str = ""

    def create_io_manager(self, context: dg.InitResourceContext) -> ArtifactIOManager:
        """The IO manager of this home."""
        return ArtifactIOManager(Home.resolve(self.home or None).create().artifacts)
