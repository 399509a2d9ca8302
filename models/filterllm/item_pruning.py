"""Which warm items a training needs most: those that move a small model, and those that the large one finds hard.

Source:
    Lin et al., "Data-efficient Fine-tuning for LLM-based Recommendation" (DEALRec, SIGIR 2024). From the paper: the
    influence score on the empirical risk (equation 11), the effort score as a norm of the large model's own gradient
    (equation 12), their sum (section 3.2), and the draw from strata of scores (section 3.3). Ours: a sample is a warm
    item with its users instead of a user's sequence; the surrogate is a ridge regression from texts to collaborative
    vectors, whose Hessian is inverted exactly instead of estimated; the gradient is that of the mapper's last layer
    instead of all learnable parameters; both scores are brought to [0, 1] before they are added, as in the authors'
    code, and none of the highest scores is thrown away beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

if TYPE_CHECKING:
    from models.filterllm.distribution import FilterLLM
    from models.filterllm.objective import ItemBatch, WarmItems

FloatArray = NDArray[np.float32]
Scores = NDArray[np.float64]
RIDGE = 0.1
"""Of the surrogate, in mean squared lengths of the texts per number."""


@dataclass(frozen=True)
class ItemPruning:
    """How many items train, and how they are chosen.

    Attributes:
        share: Of the warm items that train, in (0, 1]; 1: all.
        effort_weight: Of the effort score against the influence score, >= 0.
        strata: Ranges of equal width into which the scores are cut, >= 1.

    Raises:
        ValueError: If a value is out of its range.
    """

    share: float
    effort_weight: float
    strata: int

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(f"share must be in (0, 1], got {self.share}")
        if not self.effort_weight >= 0:
            raise ValueError(f"effort_weight must be at least 0, got {self.effort_weight}")
        if self.strata < 1:
            raise ValueError(f"strata must be at least 1, got {self.strata}")

    def chosen(self, model: FilterLLM, warm: WarmItems, rng: np.random.Generator) -> NDArray[np.int64] | None:
        """Rows of the items that train, sorted, int64; None: all.

        Args:
            model: As its training begins.
            warm: The W warm items.
            rng: Draws within the strata.
        """
        if self.share == 1:
            return None
        with torch.no_grad():
            texts = model.centring(torch.from_numpy(warm.features).to(warm.device)).cpu().numpy()
        scores = combined_scores(
            influence_scores(texts, warm.item_vectors),
            effort_scores(model, warm),
            effort_weight=self.effort_weight,
        )
        return drawn_from_strata(scores, max(1, round(self.share * len(warm))), strata=self.strata, rng=rng)


def influence_scores(texts: FloatArray, targets: FloatArray, *, ridge: float = RIDGE) -> Scores:
    """What leaving an item out costs a ridge regression over all items; high is influential.

    With residuals e_i at the optimum B of ``mean |x B - y|^2 / 2 + c |B|^2 / 2`` and G the mean of the items'
    gradients x_i e_i', it is ``e_i' G' (X'X / W + c)^-1 x_i / W``.

    Args:
        texts: (W, H) float32.
        targets: (W, d) float32.
        ridge: c, in mean squared lengths of the texts per number, > 0.

    Returns:
        (W,) float64.
    """
    x, y = texts.astype(np.float64), targets.astype(np.float64)
    n, width = x.shape
    second = x.T @ x / n  # (H, H)
    hessian = second + ridge * max(float(np.trace(second)) / width, 1e-12) * np.eye(width)
    best = np.linalg.solve(hessian, x.T @ y / n)  # (H, d)
    residuals = x @ best - y  # (W, d)
    direction = np.linalg.solve(hessian, x.T @ residuals / n)  # (H, d), once for all items
    found: Scores = np.einsum("wd,wd->w", x @ direction, residuals) / n
    return found


def effort_scores(model: FilterLLM, warm: WarmItems, *, batch_size: int = 256) -> Scores:
    """Length of the gradient that an item's own loss has at the mapper's last layer; high is hard.

    The loss is minus the mean log-probability of the item's users, as in training; the gradient of a linear layer is
    the outer product of its input (with a 1 for the bias) and the gradient at its output, and so is its length.

    Args:
        model: As its training begins; not changed.
        warm: The W warm items.
        batch_size: Items at once.

    Returns:
        (W,) float64.
    """
    last = [layer for layer in model.mapper if isinstance(layer, nn.Linear)][-1]
    seen: list[tuple[Tensor, Tensor]] = []
    handle = last.register_forward_hook(lambda _, given, output: seen.append((given[0], output)))
    was_training = model.training
    model.train(False)
    found = []
    try:
        for start in range(0, len(warm), batch_size):
            batch = warm.batch(np.arange(start, min(start + batch_size, len(warm))))
            loss = _summed_loss(model, batch)
            given, output = seen.pop()
            (at_output,) = torch.autograd.grad(loss, output)
            ones = 1.0 if last.bias is not None else 0.0
            lengths = (given.detach().square().sum(dim=1) + ones).sqrt() * at_output.norm(dim=1)
            found.append(lengths.double().cpu().numpy())
    finally:
        handle.remove()
        model.train(was_training)
    return np.concatenate(found)


def _summed_loss(model: FilterLLM, batch: ItemBatch) -> Tensor:
    """Sum over the items of what each alone would lose, in nats."""
    logits = model.learned_logits(model.map_texts(batch.texts.vectors(model.language_model)))  # (B, U)
    if batch.text_logits is not None:
        logits = logits + model.text_weight * batch.text_logits
    users = torch.bincount(batch.row, minlength=len(logits)).clamp(min=1)  # (B,)
    log_probabilities = logits.log_softmax(dim=1)[batch.row, batch.user_index]  # (P,)
    return -(log_probabilities / users[batch.row]).sum()


def combined_scores(influence: Scores, effort: Scores, *, effort_weight: float) -> Scores:
    """Both scores brought to [0, 1] each and added, shape (W,)."""
    return _to_one(influence) + effort_weight * _to_one(effort)


def _to_one(scores: Scores) -> Scores:
    low, high = float(scores.min()), float(scores.max())
    return (scores - low) / (high - low) if high > low else np.zeros(len(scores))


def drawn_from_strata(scores: Scores, n: int, *, strata: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Items of all kinds: the range of the scores is cut into strata, and each gives as many as it can of its part.

    Strata are asked from the smallest to the largest; what a small one cannot give, the larger ones share.

    Args:
        scores: (W,) float64.
        n: Items wanted, 1..W.
        strata: Ranges of equal width, >= 1; the empty ones do not count.
        rng: Draws within a stratum.

    Returns:
        Rows, sorted, shape (n,), int64.

    Raises:
        ValueError: If ``n`` is out of range.
    """
    if not 1 <= n <= len(scores):
        raise ValueError(f"n must be in 1..{len(scores)}, the number of items, got {n}")
    of = np.minimum((_to_one(scores) * strata).astype(np.int64), strata - 1)
    members = [np.flatnonzero(of == stratum) for stratum in np.unique(of)]
    members.sort(key=len)
    found, left = [], n
    for position, rows in enumerate(members):
        others = len(members) - position
        part = min(len(rows), left // others if others > 1 else left)
        found.append(rng.choice(rows, part, replace=False))
        left -= part
    return np.sort(np.concatenate(found))
