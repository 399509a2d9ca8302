"""What the registry remembers of a decision."""

from __future__ import annotations

import pytest

from assets.promotion_decision import PromotionDecision, note_decision
from tests.assets.mlflow_worlds import World

pytestmark = pytest.mark.slow  # MLflow takes seconds to start


def test_accepted_refused_and_nothing_new(world: World) -> None:
    one, two = world.enter("a"), world.enter("b")
    note_decision(world.registry, PromotionDecision(one, None, True, "beats TF-IDF", {}))
    note_decision(world.registry, PromotionDecision(two, one, False, "no better", {}))
    accepted = world.registry.accepted()
    assert accepted is not None
    assert (accepted.version, accepted.reason) == (one, "beats TF-IDF")
    assert world.registry.version(two).decision == "refused"
    note_decision(world.registry, PromotionDecision(one, one, True, "published already", {}))
    assert world.registry.version(one).reason == "beats TF-IDF"
