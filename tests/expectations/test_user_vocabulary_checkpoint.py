"""Planted faults in an extended language model."""

from __future__ import annotations

import numpy as np

from expectations.user_vocabulary_checkpoint import (
    digests_agree,
    fingerprints_agree,
    frozen_finding,
    parameters_finite,
)


def test_a_changed_frozen_weight_is_found() -> None:
    assert digests_agree(expected="a" * 64, found="a" * 64).passed
    changed = digests_agree(expected="a" * 64, found="b" * 64)
    assert (changed.passed, changed.observed, changed.threshold) == (False, "b" * 16, "a" * 16)


def test_a_trainable_frozen_weight_is_named() -> None:
    assert frozen_finding([]).passed
    assert frozen_finding(["network.embeddings.weight"]).offenders == ["network.embeddings.weight"]


def test_other_users_are_found() -> None:
    assert fingerprints_agree(expected="x", found="x").passed
    assert not fingerprints_agree(expected="x", found="y").passed


def test_a_table_that_diverged_is_named() -> None:
    good = {"vocabulary.tokens": np.ones((3, 2)), "log_scale": np.float64(2.0)}
    assert parameters_finite(good).passed
    assert parameters_finite({**good, "log_scale": np.float64(np.nan)}).offenders == ["log_scale"]
