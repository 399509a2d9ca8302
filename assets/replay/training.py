"""Train on each snapshot once, whichever policy asks; what was trained rests on disk."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from assets.replay.settings import ReplaySettings

if TYPE_CHECKING:
    from assets.model_version import ModelVersion
    from data.snapshot import Snapshot
    from models.filterllm.language_model import LanguageModel

CHECKPOINT = "checkpoint"
SPACE = "space"
HEAD = "trained.json"


class Trained(NamedTuple):
    """A version, and what it took.

    Attributes:
        version: Ready to be judged and served.
        seconds: Of training, without reading texts, on the wall clock.
        cpu_seconds: The same on the processor's clock.
    """

    version: "ModelVersion"
    seconds: float
    cpu_seconds: float


class Trainer:
    """Makes versions of snapshots.

    Args:
        folder: Of what was trained; may hold versions of an earlier run.
        settings: Of the training.
        tell: Told ``(done, total, note)`` while something trains.
    """

    def __init__(
        self,
        folder: Path,
        settings: ReplaySettings,
        *,
        tell: Callable[[int, int, str], None] = lambda done, total, note: None,
    ) -> None:
        self.folder, self.settings, self._tell = folder, settings, tell
        self._held: dict[str, Trained] = {}
        self._language_model: LanguageModel | None = None
        self.text_seconds = 0.0
        self.trained_now = 0

    def version(self, snapshot: "Snapshot", number: int) -> Trained:
        """The version of a snapshot: held, from disk, or trained now."""
        key = self.key(snapshot)
        if key not in self._held:
            folder = self.folder / key
            if not (folder / HEAD).exists():
                self._train(snapshot, folder)
            self._held[key] = self._load(folder, snapshot, number)
        return self._held[key]

    def keep_only(self, content_hashes: set[str]) -> None:
        """Let go of the versions of other snapshots; they stay on disk."""
        self._held = {
            key: one for key, one in self._held.items() if one.version.content_hash in content_hashes
        }

    def read(self, texts: list[str]) -> None:
        """Read texts that nobody has read yet, as they arrive; their vectors are remembered."""
        from models.filterllm.prompt import PromptTemplate

        model = self.language_model()
        config = self.settings.filterllm()
        template = PromptTemplate(config.prompt_template, model.token_limit(config.max_tokens))
        started = time.perf_counter()
        tokens = template.tokenize(model.tokenizer, texts).token_ids
        model.encode(tokens)
        self.text_seconds += time.perf_counter() - started

    def language_model(self) -> "LanguageModel":
        """The frozen language model, which all versions share."""
        if self._language_model is None:
            from models.filterllm.language_model import load_language_model

            self._language_model = load_language_model(self.settings.language_model, device="cpu")
            self._language_model.memory = {}
        return self._language_model

    def key(self, snapshot: "Snapshot") -> str:
        """Names a snapshot together with the settings."""
        settings = json.dumps(self.settings.as_json(), sort_keys=True)
        return hashlib.sha256(f"{snapshot.content_hash} {settings}".encode()).hexdigest()[:24]

    def _train(self, snapshot: "Snapshot", folder: Path) -> None:
        """Train, and put the result where :meth:`_load` finds it, whole or not at all."""
        from assets.model_version import write_space
        from models.filterllm.checkpoint import save_checkpoint

        self._tell(0, self.settings.epochs, snapshot.key)
        language_model = self.language_model()
        started = time.perf_counter(), time.process_time()
        model, space = self._fit(snapshot, language_model)
        seconds = [
            now - then for now, then in zip((time.perf_counter(), time.process_time()), started, strict=True)
        ]
        temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
        shutil.rmtree(temporary, ignore_errors=True)
        for name in (CHECKPOINT, SPACE):
            (temporary / name).mkdir(parents=True)
        save_checkpoint(model, temporary / CHECKPOINT, user_fingerprint=snapshot.users.fingerprint)
        write_space(temporary / SPACE, space, snapshot)
        head = {"content_hash": snapshot.content_hash, "seconds": seconds[0], "cpu_seconds": seconds[1]}
        (temporary / HEAD).write_text(json.dumps(head), encoding="utf-8")
        temporary.replace(folder)
        self.trained_now += 1

    def _fit(self, snapshot: "Snapshot", language_model: "LanguageModel") -> tuple[Any, Any]:
        """FilterLLM and the published space, by the functions of a retrain."""
        from assets.benchmark.collaborative import fit_collaborative
        from assets.judging import cold_ndcg_by_part, cold_value
        from assets.spaces import composed_space
        from models.filterllm.fit import fit_filterllm

        settings = self.settings
        tokens = fit_collaborative(snapshot, settings.tokens(), on_epoch=lambda report: None)
        model = fit_filterllm(
            snapshot.texts[tokens.warm_item_index],
            snapshot.split.train,
            tokens,
            config=settings.filterllm(),
            validate=cold_value(snapshot),
            by_part=cold_ndcg_by_part(snapshot),
            on_epoch=lambda report: self._tell(report.epoch, report.epochs, snapshot.key),
            language_model=language_model,
        )
        return model, composed_space(snapshot, tokens, model, settings.placement())

    def _load(self, folder: Path, snapshot: "Snapshot", number: int) -> Trained:
        """A version from disk, with the language model that all share."""
        from assets.model_version import WARM_ITEMS, ModelVersion, read_stopped_on
        from data.id_map import IdMap
        from models.coldstart.published_space import PublishedSpace
        from models.filterllm.checkpoint import load_checkpoint

        head = json.loads((folder / HEAD).read_text(encoding="utf-8"))
        model = load_checkpoint(folder / CHECKPOINT, base_model=self.language_model())
        version = ModelVersion(
            version=number,
            snapshot_key=snapshot.key,
            content_hash=snapshot.content_hash,
            users=snapshot.users,
            warm_items=IdMap(json.loads((folder / SPACE / WARM_ITEMS).read_text(encoding="utf-8"))),
            space=PublishedSpace.load(folder / SPACE),
            model=model,
            stopped_on=read_stopped_on(folder / SPACE),
        )
        return Trained(version, head["seconds"], head["cpu_seconds"])
