"""Which data set, and which split of it: read without a home."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from data.split_choice import SplitChoice

if TYPE_CHECKING:
    from data.readers.dataset import Dataset
    from data.snapshot import Snapshot

DataName = Literal["citeulike", "movietweetings"]
DATA_NAMES: tuple[DataName, ...] = get_args(DataName)


@dataclass(frozen=True)
class DataChoice:
    """A public data set and its split.

    Attributes:
        name: Which reader.
        directory: The folder that the reader reads.
        split: How it is split.
    """

    name: DataName
    directory: Path
    split: SplitChoice

    def snapshot(self) -> "Snapshot":
        """Read, check and split the data, by way of a store that is thrown away.

        Returns:
            The same snapshot as that of a home into which nothing else was imported.

        Raises:
            InputError: If a file is missing or wrong, or does not fit the split.
        """
        from data.snapshot_plan import preview_snapshot
        from data.store.store import Store

        with (
            tempfile.TemporaryDirectory() as folder,
            Store.open(f"sqlite:///{Path(folder, 'benchmark.db')}") as store,
        ):
            store.import_dataset(self._dataset())
            return preview_snapshot(store, self.split)[0].with_manifest(key=self.name)

    def require_files(self) -> None:
        """Look whether the folder holds the data set, without reading its rows.

        Raises:
            InputError: If a file is missing, empty or wrongly encoded.
        """
        self._dataset()

    def _dataset(self) -> "Dataset":
        from data.readers.citeulike import read_citeulike
        from data.readers.movietweetings import read_movietweetings

        readers = {"citeulike": read_citeulike, "movietweetings": read_movietweetings}
        return readers[self.name](self.directory)
