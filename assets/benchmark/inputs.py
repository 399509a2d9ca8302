"""What every training is given: the snapshot, shared vectors, and someone who listens."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from assets.benchmark.cache import Cache
from assets.benchmark.revisions import TEXTS, revised
from data.snapshot import Snapshot

if TYPE_CHECKING:
    from models.collaborative.embeddings import CollaborativeEmbeddings
    from models.filterllm.config import FilterLLMConfig
    from models.filterllm.language_model import LanguageModel

Epochs = Callable[[int, int, str], None]
Weights = Literal["float32", "bfloat16"]


@dataclass
class Training:
    """How far a training came.

    Attributes:
        of: What was trained.
        epochs: That were run.
        at_most: That were allowed.
        best: The one of the highest validation value; None where none was asked for.
        value: That value.
    """

    of: str
    epochs: int
    at_most: int
    best: int | None = None
    value: float | None = None

    def hear(self, report: Any) -> None:
        """Of an epoch's end."""
        self.epochs, self.at_most = report.epoch, report.epochs
        if report.validation is not None and (self.value is None or report.validation > self.value):
            self.best, self.value = report.epoch, report.validation


@dataclass
class _Spent:
    """Since the clock was started: seconds at what is shared, what that took when it was made, and trainings."""

    waited: float = 0.0
    used: dict[str, float] = field(default_factory=dict)
    trainings: list[Training] = field(default_factory=list)


class Inputs:
    """One data set, with all that is computed once for it.

    Args:
        snapshot: Interactions, texts and split.
        cache: Folder of shared arrays.
        language_model: ``embedded``, a folder or a Hugging Face id.
        epochs: Told ``(done, total, note)`` while something trains.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        cache: Path,
        *,
        language_model: str = "embedded",
        epochs: Epochs = lambda done, total, note: None,
    ) -> None:
        self.snapshot = snapshot
        self.language_model = language_model
        self._cache, self.tell = Cache(cache), epochs
        self._spent = _Spent()

    @cached_property
    def texts(self) -> list[str]:
        """One text per item, I of them."""
        return self.snapshot.texts[range(self.snapshot.n_items)]

    def features(self) -> Any:
        """Vectors of all texts by the language model as it was pretrained, shape (I, H), float32."""

        def compute() -> dict[str, Any]:
            self.tell(0, 1, "text vectors")
            model, token_ids = self._reader()
            return {"features": model.encode(token_ids)}

        return self.shared(TEXTS, self.text_settings(), compute)["features"]

    def reader(self, config: "FilterLLMConfig") -> "LanguageModel":
        """The language model for a training of these settings, frozen and without an adapter.

        In float32 it remembers the vectors of all texts, so that it reads none of them again until it gets an adapter.
        """
        from models.filterllm.precision import chosen_device

        model, token_ids = self._reader(str(chosen_device(config.device)), config.base_weights)
        if config.base_weights == "float32":
            read = zip(token_ids, self.features(), strict=True)
            model.memory = {("float32", tuple(ids)): vector for ids, vector in read}
        return model

    def _reader(
        self, device: str = "cpu", weights: Weights = "float32"
    ) -> tuple["LanguageModel", list[list[int]]]:
        """The language model, and all texts in its tokens."""
        from models.filterllm.language_model import load_language_model
        from models.filterllm.prompt import PromptTemplate

        model = load_language_model(self.language_model, device=device, weights=weights)
        template = PromptTemplate(max_tokens=model.token_limit(PromptTemplate().max_tokens))
        return model, template.tokenize(model.tokenizer, self.texts).token_ids

    def has_features(self) -> bool:
        """Whether :meth:`features` were computed already."""
        return self._cache.holds(TEXTS, self._of_data(self.text_settings()))

    def vectors(self, kind: str, seed: int, *, further: Any = None) -> "CollaborativeEmbeddings":
        """Collaborative vectors, trained once.

        Args:
            kind: ``mf``, ``ngcf``, ``lightgcn`` or ``ials``.
            seed: Of the training.
            further: Pairs (n, 2), int64, that train too, of items that the snapshot holds out; None: none.
        """
        from assets.benchmark import collaborative

        config = collaborative.collaborative_config(kind, seed)
        settings = {"kind": kind, **collaborative.collaborative_settings(kind, seed)}
        title = f"{kind} vectors"
        if further is not None:
            settings["further"], title = further.tolist(), f"{title} with {len(further):,} further pairs"

        def compute() -> dict[str, Any]:
            tell = self.on_epoch(title)
            return asdict(
                collaborative.fit_collaborative(self.snapshot, config, on_epoch=tell, further=further)
            )

        return embeddings_of(self.shared(kind, settings, compute))

    def on_epoch(self, title: str) -> Callable[[Any], None]:
        """A training's ``on_epoch``; of each of its stages is noted how far it came."""
        stage = Training(title, 0, 0)

        def tell(report: Any) -> None:
            nonlocal stage
            if report.epoch <= stage.epochs:  # counted anew: a second stage
                stage = Training(title, 0, 0)
            if not stage.epochs:
                self._spent.trainings.append(stage)
            stage.hear(report)
            value = "" if report.validation is None else f", validation {report.validation:.4f}"
            self.tell(report.epoch, report.epochs, f"{title}: loss {report.loss:.4f}{value}")

        return tell

    def trainings(self) -> list[Training]:
        """What was trained since the clock was started; what was looked up is not among it."""
        return list(self._spent.trainings)

    def start_clock(self) -> Callable[[], float]:
        """A clock of training seconds: what is shared counts what it took, not the time to look it up.

        Returns:
            Asked for the seconds since now.
        """
        spent = self._spent = _Spent()
        started = time.perf_counter()
        return lambda: time.perf_counter() - started - spent.waited + sum(spent.used.values())

    def on(self, snapshot: Snapshot) -> "Inputs":
        """The same for other data, under the same clock and with the same cache."""
        other = Inputs(snapshot, self._cache.directory, language_model=self.language_model, epochs=self.tell)
        other._spent = self._spent
        return other

    def shared(self, kind: str, settings: dict[str, Any], compute: Callable[[], Any]) -> dict[str, Any]:
        """Arrays by name, computed at most once for the data and the settings; see :class:`Cache`.

        What ``compute`` shares in its turn should be there already: else its seconds count twice.
        """
        settings = self._of_data(settings)
        spent = self._spent
        started, waited = time.perf_counter(), spent.waited
        arrays, seconds = self._cache.arrays(kind, settings, compute)
        spent.used[f"{kind} {settings}"] = seconds
        spent.waited = waited + time.perf_counter() - started
        return arrays

    def text_settings(self) -> dict[str, Any]:
        """On which all depends that is made of text vectors."""
        return revised(TEXTS, {"language_model": self.language_model})

    def _of_data(self, settings: dict[str, Any]) -> dict[str, Any]:
        """What arrays of these data are kept by."""
        return {"data": self.snapshot.content_hash, **settings}


def embeddings_of(arrays: dict[str, Any]) -> "CollaborativeEmbeddings":
    """Collaborative vectors out of their fields as :class:`Cache` keeps them."""
    from models.collaborative.embeddings import CollaborativeEmbeddings

    return CollaborativeEmbeddings(**arrays | {"regulariser": float(arrays["regulariser"])})
