"""Champion and challenger before the judges: the same users, the same unseen items, what each would serve."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.judging import CUTOFF, evaluation_input
from assets.model_version import ModelVersion, load_version
from assets.promotion_decision import PromotionDecision
from assets.spaces import placed_by_text
from data.id_map import IdMap
from data.snapshot import Snapshot
from evaluation.audience import evaluate_audience
from evaluation.evaluation_input import EvaluationInput
from evaluation.gate import Contender, decide, unseen_items
from evaluation.scorer import FactorScorer, RenumberedScorer
from evaluation.slices import Slice, item_slices, user_slices
from evaluation.user_side import evaluate_users
from models.coldstart.config import ColdUpdateConfig

if TYPE_CHECKING:
    from assets.registry import Registry

NDCG = ("ndcg", CUTOFF)


def judge_challenger(
    snapshot: Snapshot,
    registry: "Registry",
    *,
    challenger: int,
    champion: int | None,
    cache: Path,
    placement: ColdUpdateConfig,
) -> PromotionDecision:
    """Compare two registered versions on held-out cold test items that neither has trained on.

    Args:
        snapshot: The challenger's snapshot.
        registry: Holds both versions.
        challenger: The new version.
        champion: The published version, None if there is none.
        cache: Folder for copies of remote model files.
        placement: How both would place the items.

    Returns:
        The gate's decision.
    """
    if challenger == champion:
        return PromotionDecision(
            challenger, champion, True, f"Version {challenger} is published already.", {}
        )
    versions = [load_version(registry, number, cache=cache) for number in (challenger, champion) if number]
    return judge_versions(snapshot, versions[0], versions[1] if champion else None, placement=placement)


def judge_versions(
    snapshot: Snapshot,
    challenger: ModelVersion,
    champion: ModelVersion | None,
    *,
    placement: ColdUpdateConfig,
) -> PromotionDecision:
    """Compare two loaded versions on held-out cold test items that neither has trained on.

    Args:
        snapshot: The challenger's snapshot.
        challenger: The new version.
        champion: The version in office, None if there is none.
        placement: How both would place the items.

    Returns:
        The gate's decision.
    """
    from models.baselines import tfidf_profile

    versions = [challenger] if champion is None else [challenger, champion]
    numbers = (challenger.version, None if champion is None else champion.version)
    data = unseen_data(snapshot, versions)
    if not len(data.cold_test):
        reason = "no held-out test item is unseen by both versions; the challenger cannot be judged"
        return PromotionDecision(*numbers, False, reason, {})
    contenders = [contender(version, snapshot, data, placement) for version in versions]
    texts = snapshot.texts[np.arange(snapshot.n_items)]
    profile = tfidf_profile.fit(
        snapshot.split.train, texts=texts, warm_items=snapshot.split.warm_items, n_users=snapshot.n_users
    )
    reference = evaluate_users(profile, data, setting="cold", phase="test", cutoffs=(CUTOFF,))["B"]
    decision = decide(
        contenders[0],
        contenders[1] if champion else None,
        reference=reference.values[NDCG],
        slices=slices_of(snapshot, data),
    )
    return PromotionDecision(*numbers, decision.promote, decision.reason, decision.numbers, decision.held)


def unseen_data(snapshot: Snapshot, versions: list[ModelVersion]) -> EvaluationInput:
    """The snapshot's arrays as the gate judges them: on test items that no version has learned anything from.

    Items that a version was trained on are no candidates at all. Items that early stopping or calibration looked
    at, of the challenger or of a version of another snapshot, are candidates and never the truth.
    """
    data = evaluation_input(snapshot)
    trained = [known_indices(version.warm_items, snapshot.items) for version in versions]
    stopped = [
        known_indices(version.stopped_on, snapshot.items) for version in versions if version.stopped_on
    ]
    validation = unseen_items(data.cold_validation_items, *trained)
    test = unseen_items(data.cold_test_items, *trained)
    judged = unseen_items(test, *stopped)
    looked_at = np.setdiff1d(test, judged)
    return replace(
        data,
        cold_validation=data.cold_validation[np.isin(data.cold_validation[:, 1], validation)],
        cold_test=data.cold_test[np.isin(data.cold_test[:, 1], judged)],
        cold_validation_items=np.union1d(validation, looked_at),
        cold_test_items=judged,
    )


def slices_of(snapshot: Snapshot, data: EvaluationInput) -> list[Slice]:
    """The parts of the judged users and items that are looked at one by one."""
    users = np.unique(data.cold_test[:, 0])
    items, n_true = np.unique(data.cold_test[:, 1], return_counts=True)
    return [
        *user_slices(users, degrees=data.degrees(), tokens=snapshot.user_tokens),
        *item_slices(items, n_true=n_true),
    ]


def known_indices(ids: IdMap, among: IdMap) -> Any:
    """Indices of those ids that ``among`` knows too, int64."""
    known = among.contains(ids.ids)
    return among.index_of(np.asarray(ids.ids, dtype=object)[known])


def contender(
    version: ModelVersion, snapshot: Snapshot, data: EvaluationInput, placement: ColdUpdateConfig
) -> Contender:
    """A version judged by what it would serve: placed vectors to users, direct probabilities to items."""
    row_of = np.full(snapshot.n_users, -1, dtype=np.int64)
    known = version.users.contains(snapshot.users.ids)
    row_of[known] = version.users.index_of(list(np.asarray(snapshot.users.ids, dtype=object)[known]))
    cold, space = data.cold_items, version.space
    texts = snapshot.texts[cold]
    placed = np.zeros((snapshot.n_items, space.d), dtype=np.float32)
    placed[cold] = placed_by_text(texts, space, version.model, placement)
    factors = version.model.user_factors()
    direct = np.zeros((snapshot.n_items, factors.shape[1]), dtype=np.float32)
    direct[cold] = version.model.item_factors(texts)
    lists = evaluate_users(
        RenumberedScorer(FactorScorer(space.users, placed), row_of),
        data,
        setting="cold",
        phase="test",
        cutoffs=(CUTOFF,),
    )["B"]
    probabilities = RenumberedScorer(FactorScorer(factors, direct), row_of)
    audience = evaluate_audience(probabilities, data, cutoffs=(CUTOFF,))
    return Contender(
        name=f"version {version.version}",
        snapshot_hash=version.content_hash,
        ndcg=lists.values[NDCG],
        known=known[lists.users],
        users_covered=int(known.sum()),
        audience=audience["test"].values[NDCG],
    )
