"""Judgement: one model judged from both sides, in every setting that the snapshot allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evaluation.audience import AudiencePhase, AudienceSide, evaluate_audience
from evaluation.distribution import DistributionSide
from evaluation.evaluation_input import EvaluationInput, Phase, Setting
from evaluation.protocol import Evaluator
from evaluation.row import Row, audience_rows, distribution_rows, user_rows
from evaluation.scorer import Scorer
from evaluation.user_side import UserSide, evaluate_users

SETTINGS: tuple[Setting, ...] = ("cold", "warm", "overall")


@dataclass(frozen=True)
class Judgement:
    """All raw values of one model.

    Attributes:
        users: By setting, phase and evaluator: values per user.
        audience: By phase: values per cold item.
        distribution: Likelihood and calibration, for a model that gives probabilities.
    """

    users: Mapping[tuple[Setting, Phase, Evaluator], UserSide]
    audience: Mapping[AudiencePhase, AudienceSide]
    distribution: DistributionSide | None = None

    def rows(self, model: str, *, seed: int = 0) -> list[Row]:
        """Means and intervals of everything, named after ``model``."""
        rows = [row for side in self.users.values() for row in user_rows(model, side, seed=seed)]
        rows += [row for side in self.audience.values() for row in audience_rows(model, side, seed=seed)]
        if self.distribution is not None:
            rows += distribution_rows(model, self.distribution, seed=seed)
        return rows


def judge_scores(
    scorer: Scorer,
    data: EvaluationInput,
    *,
    phases: tuple[Phase, ...] = ("test",),
    audience: Scorer | None = None,
) -> Judgement:
    """Judge a model by the order of its scores.

    Args:
        scorer: The model.
        data: The snapshot's index arrays.
        phases: Phases of the user side; the audience side always covers both and each.
        audience: Who names an item's users, where the model has an answer of its own for that; None: ``scorer``.

    Returns:
        The judgement; a setting without truth in a phase is absent.

    Raises:
        ValueError: If the model's scores are malformed.
    """
    users = {
        (setting, phase, evaluator): side
        for phase in phases
        for setting in SETTINGS
        if len(data.truth(setting, phase))
        for evaluator, side in evaluate_users(scorer, data, setting=setting, phase=phase).items()
    }
    some = len(data.cold_validation) + len(data.cold_test) > 0
    return Judgement(users=users, audience=evaluate_audience(audience or scorer, data) if some else {})
