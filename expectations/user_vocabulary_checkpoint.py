"""What must hold of the extended language model before it is judged and registered."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.checkpoint import VocabularyCheckpoint
from assets.interaction_snapshot import snapshots
from assets.user_vocabulary_checkpoint import user_vocabulary_checkpoint as asset
from data.snapshot import Snapshot
from expectations.check_result import check_result
from expectations.finding import Finding

FROZEN = "language_model."  # prefix of the parameters that training must not touch
ADAPTER = "lora_"  # mark of those inside that it may


@dg.asset_check(asset=asset, blocking=True, partitions_def=snapshots)
def frozen_weights_are_unchanged(user_vocabulary_checkpoint: VocabularyCheckpoint) -> dg.AssetCheckResult:
    """The base weights are bitwise those that were loaded, and none of them can be trained."""
    language_model = user_vocabulary_checkpoint.model.language_model
    trainable = [
        name
        for name, value in language_model.named_parameters()
        if value.requires_grad and ADAPTER not in name
    ]
    return check_result(
        [
            digests_agree(expected=language_model.digest, found=language_model.base_digest()),
            frozen_finding(trainable),
        ]
    )


@dg.asset_check(
    asset=asset,
    blocking=True,
    additional_ins={"interaction_snapshot": dg.AssetIn()},
    partitions_def=snapshots,
)
def vocabulary_matches_the_snapshot(
    user_vocabulary_checkpoint: VocabularyCheckpoint, interaction_snapshot: Snapshot
) -> dg.AssetCheckResult:
    """One finite token per user, for exactly the snapshot's users in their order."""
    model = user_vocabulary_checkpoint.model
    learned = {
        name: value.detach().float().cpu().numpy()
        for name, value in model.state_dict().items()
        if not name.startswith(FROZEN)
    }
    users = interaction_snapshot.users
    return check_result(
        [
            fingerprints_agree(expected=users.fingerprint, found=user_vocabulary_checkpoint.user_fingerprint),
            Finding("one token per user", model.n_users == len(users), model.n_users, len(users)),
            parameters_finite(learned),
        ]
    )


def digests_agree(*, expected: str, found: str) -> Finding:
    """SHA-256 of the frozen weights before and after training."""
    name = "frozen weights are bitwise unchanged"
    return Finding(name, expected == found, found[:16], expected[:16])


def frozen_finding(trainable: list[str]) -> Finding:
    """No parameter of the base may be trainable; ``trainable`` names those that are."""
    from expectations.finding import count_finding

    return count_finding("no frozen weight can be trained", trainable)


def fingerprints_agree(*, expected: str, found: str) -> Finding:
    """Fingerprint of the snapshot's users and of those the checkpoint was trained for."""
    name = "the checkpoint's users are the snapshot's"
    return Finding(name, expected == found, found[:16], expected[:16])


def parameters_finite(tables: Mapping[str, Any]) -> Finding:
    """Every learned table, by name, holds finite numbers only; offenders are names."""
    import numpy as np

    from expectations.finding import count_finding

    wrong = [name for name, table in tables.items() if not np.isfinite(table).all()]
    return count_finding("learned tables are finite", wrong)
