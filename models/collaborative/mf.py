"""Matrix factorisation: the rows themselves are the vectors."""

from __future__ import annotations

from torch import Tensor

from models.collaborative.bpr import BprModel


class MatrixFactorisation(BprModel):
    """Score = inner product of a user's row and an item's row, no biases.

    Source: Rendle et al., "BPR" (UAI 2009), BPR-MF.
    """

    def tables(self) -> tuple[Tensor, Tensor]:
        """The trained rows, unchanged."""
        return self.user_rows, self.item_rows
