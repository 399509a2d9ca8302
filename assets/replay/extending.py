"""Retrain at every step of a replay twice: in full, and by extending the version of the step before."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from assets.extension import ExtensionConfig, rows_of
from assets.model_version import ModelVersion
from assets.replay.source import Clock, ReplaySource
from data.errors import InputError
from data.id_map import IdMap
from data.split import ItemRole
from data.split_choice import SplitChoice

if TYPE_CHECKING:
    from data.snapshot import Snapshot
    from data.timeline import Timeline
    from evaluation.extending import Extending, ExtendingStep
    from models.collaborative.embeddings import CollaborativeEmbeddings
    from models.filterllm.language_model import LanguageModel


@dataclass(frozen=True)
class RetrainSettings:
    """What both jobs are told: the settings of the stations that train, by the dataclass of each.

    Attributes:
        bpr: Of ``bpr_embeddings``.
        tokens: Of ``token_vectors``, iALS.
        filterllm: Of ``user_vocabulary_checkpoint``.
        placement: Of ``published_space``.
        extension: What an extending retrain does less of.
        snapshot: How snapshots are split.
    """

    bpr: Any
    tokens: Any
    filterllm: Any
    placement: Any
    extension: ExtensionConfig = field(default_factory=ExtensionConfig)
    snapshot: SplitChoice = field(default_factory=SplitChoice)


@dataclass(frozen=True)
class ExtendingRequest:
    """What is asked for.

    Attributes:
        source: The events.
        out: Existing folder for ``extending.json``.
        step: Length of a step in seconds.
        settings: Of both retrains.
        history: Share of the time span that is over before the first step, in [0, 1).
        steps: At most so many, the first of them only giving the version to extend; None: all that fit.
        seed: Of the trainings, for the record.
        command: As it was given, for the record.
        docs: Folder of documents that keeps a short copy; None: none.
    """

    source: ReplaySource
    out: Path
    step: int
    settings: RetrainSettings
    history: float = 0.2
    steps: int | None = None
    seed: int = 42
    command: str = ""
    docs: Path | None = None


class Retrained(NamedTuple):
    """A version with what a later one can go on from.

    Attributes:
        version: As the gate judges it.
        snapshot: What it was trained on.
        bpr: Vectors of ``bpr_embeddings``.
        tokens: Vectors of ``token_vectors``.
        seconds: Of training, on the processor's clock, the reading of texts among them.
    """

    version: ModelVersion
    snapshot: "Snapshot"
    bpr: "CollaborativeEmbeddings"
    tokens: "CollaborativeEmbeddings"
    seconds: float


def compare_extending(
    request: ExtendingRequest, *, say: Callable[[str], None] = lambda line: None
) -> "Extending":
    """Extend over and over, each time from the extended version of the step before, beside retrains in full.

    Args:
        request: What to compare.
        say: Told one line about each step that ends.

    Returns:
        The outcome over all steps but the first; ``extending.json`` lies in ``request.out``, with every step that has
        ended, also while it goes on.

    Raises:
        InputError: If the source cannot be read or has no times, or fewer than two steps fit.
    """
    from assets.replay.documents import keep_copy
    from evaluation.extending import Extending

    if request.steps == 1:
        raise InputError("steps must be at least 2: the first version of both has nothing to extend")
    timeline = request.source.timeline()
    clock = Clock.over(timeline, step=request.step, history=request.history, steps=request.steps or 2)
    if request.steps is None:
        clock = Clock.over(timeline, step=request.step, history=request.history, steps=None)
    language_model = _language_model(request.settings)
    outcome = Extending(_about(request, timeline, clock), [])
    extended: Retrained | None = None
    for step, snapshot in enumerate(_snapshots(timeline, clock, request.settings.snapshot)):
        full = _full(snapshot, step, request.settings, language_model)
        if extended is None:
            extended = full
            continue
        extended = _extended(snapshot, step, request.settings, extended, language_model)
        one = _judged(full, extended, timeline, request.settings, day=clock.day(step))
        outcome = Extending(outcome.about, [*outcome.steps, one])
        outcome.save(request.out)
        if request.docs is not None:
            keep_copy(
                request.docs, request.source.name, outcome.short(), file=Path("results", "extending.json")
            )
        say(_told(one))
    return outcome


def _snapshots(timeline: "Timeline", clock: Clock, choice: SplitChoice) -> "Iterator[Snapshot]":
    """What a retrain at each step's beginning would freeze, one after the other."""
    from data.snapshot_build import build_snapshot

    threshold = None
    for step in range(clock.n):
        snapshot = build_snapshot(
            timeline.contents_at(clock.time(step)),
            choice,
            key=f"step {step}",
            created_at=clock.day(step),
            previous_threshold=threshold,
        )
        threshold = snapshot.split.holdout_threshold
        yield snapshot


def _language_model(settings: RetrainSettings) -> "LanguageModel":
    from models.filterllm.language_model import load_language_model

    return load_language_model(settings.filterllm.language_model, device="cpu")


def _full(
    snapshot: "Snapshot", step: int, settings: RetrainSettings, language_model: "LanguageModel"
) -> Retrained:
    """The stations of the job ``retrain``."""
    from assets.benchmark.collaborative import fit_collaborative
    from assets.judging import cold_ndcg_by_part, cold_value
    from models.filterllm.fit import fit_filterllm

    started = time.process_time()
    bpr = fit_collaborative(snapshot, settings.bpr, on_epoch=lambda report: None)
    tokens = fit_collaborative(snapshot, settings.tokens, on_epoch=lambda report: None)
    model = fit_filterllm(
        snapshot.texts[tokens.warm_item_index],
        snapshot.split.train,
        tokens,
        config=settings.filterllm,
        validate=cold_value(snapshot),
        by_part=cold_ndcg_by_part(snapshot),
        language_model=language_model,
    )
    return _finished(snapshot, step, settings, (bpr, tokens, model), started=started)


def _extended(
    snapshot: "Snapshot",
    step: int,
    settings: RetrainSettings,
    earlier: Retrained,
    language_model: "LanguageModel",
) -> Retrained:
    """The stations of the job ``extend``."""
    from dataclasses import replace

    from assets.judging import cold_value, warm_recall
    from models.collaborative.carrying_over import carried_over
    from models.collaborative.ials import fit_ials
    from models.collaborative.ials_config import IalsConfig
    from models.filterllm.fit import fit_filterllm

    started = time.process_time()
    extension = settings.extension
    user_rows = rows_of(earlier.snapshot.users, snapshot.users)
    item_rows = rows_of(earlier.version.warm_items, snapshot.items)
    bpr, start = (
        carried_over(old, snapshot.split.train, user_rows=user_rows, item_rows=item_rows, config=weights)
        for old, weights in ((earlier.bpr, IalsConfig()), (earlier.tokens, settings.tokens))
    )
    tokens = fit_ials(
        snapshot.split.train,
        n_users=snapshot.n_users,
        n_items=snapshot.n_items,
        config=replace(settings.tokens, sweeps=min(settings.tokens.sweeps, extension.sweeps)),
        start=start,
        validate=warm_recall(snapshot),
    )
    said = earlier.snapshot.texts[earlier.tokens.warm_item_index]
    model = fit_filterllm(
        snapshot.texts[tokens.warm_item_index],
        snapshot.split.train,
        tokens,
        config=extension.shortened(settings.filterllm),
        validate=cold_value(snapshot),
        language_model=language_model,
        start=extension.warm_start(earlier.version.model, user_rows, said),
    )
    return _finished(snapshot, step, settings, (bpr, tokens, model), started=started)


def _finished(
    snapshot: "Snapshot",
    step: int,
    settings: RetrainSettings,
    trained: tuple[Any, Any, Any],
    *,
    started: float,
) -> Retrained:
    """The published space around what was trained; the last station of both jobs that computes."""
    from assets.spaces import chosen_space, composed_space

    bpr, tokens, model = trained
    spaces = {"token_vectors": tokens, "bpr_embeddings": bpr}
    name = chosen_space(snapshot, spaces, settings.placement)
    space = composed_space(snapshot, spaces[name], model, settings.placement)
    seconds = time.process_time() - started
    stopped_on = snapshot.split.items_with_role(ItemRole.COLD_VALIDATION)
    version = ModelVersion(
        version=step,
        snapshot_key=snapshot.key,
        content_hash=snapshot.content_hash,
        users=snapshot.users,
        warm_items=IdMap(snapshot.items.ids_of(tokens.warm_item_index)),
        space=space,
        model=model,
        stopped_on=IdMap(snapshot.items.ids_of(stopped_on)),
    )
    return Retrained(version, snapshot, bpr, tokens, seconds)


def _judged(
    full: Retrained, extended: Retrained, timeline: "Timeline", settings: RetrainSettings, *, day: str
) -> "ExtendingStep":
    """Both as the gate judges: placed held-out test items, ranked for users."""
    from assets.gate import contender, unseen_data
    from evaluation.extending import ExtendingStep

    snapshot = full.snapshot
    data = unseen_data(snapshot, [full.version, extended.version])
    values = [contender(one.version, snapshot, data, settings.placement).ndcg for one in (full, extended)]
    judged = np.asarray(snapshot.users.ids, dtype=object)[np.unique(data.cold_test[:, 0])]
    return ExtendingStep(
        step=full.version.version,
        day=day,
        n_users=snapshot.n_users,
        n_warm=len(full.version.warm_items),
        users=timeline.users.index_of(judged),
        full=values[0],
        extend=values[1],
        full_seconds=full.seconds,
        extend_seconds=extended.seconds,
    )


def _told(one: "ExtendingStep") -> str:
    """One line about a step."""
    return (
        f"{one.step:>3}  {one.day}  {one.n_users:,} users  full {one.full.mean():.4f} in {one.full_seconds:.1f} s  "
        f"extend {one.extend.mean():.4f} in {one.extend_seconds:.1f} s"
    )


def _about(request: ExtendingRequest, timeline: "Timeline", clock: Clock) -> dict[str, Any]:
    """Source, clock, settings, command and seeds, as JSON values."""
    from assets.benchmark.about import about_run

    settings = request.settings
    seeds = {"training": request.seed, "source": request.source.seed, "bootstrap": 0}
    return {
        "source": request.source.name,
        "made_of": request.source.about,
        "users": timeline.n_users,
        "items": timeline.n_items,
        "events": len(timeline.times),
        "clock": {"begins": clock.day(0), "step_days": clock.step / 86400, "steps": clock.n},
        "command": request.command,
        "seeds": {name: seed for name, seed in seeds.items() if seed is not None},
        "extension": asdict(settings.extension),
        "settings": asdict(settings),
        **about_run(language_model=settings.filterllm.language_model),
    }
