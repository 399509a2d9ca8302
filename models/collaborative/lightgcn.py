"""LightGCN: vectors smoothed over the graph, without weights or activations."""

from __future__ import annotations

import torch
from torch import Tensor

from models.collaborative.bpr import BprModel
from models.collaborative.graph import NormalisedAdjacency


class LightGcn(BprModel):
    """The mean of a node's row and of its neighbourhoods up to ``layers`` steps away.

    x^{l+1}_u = sum over i in N_u of x^l_i / sqrt(|N_u| |N_i|), items likewise; x = mean of x^0 .. x^L. A
    node without edges keeps x^0 / (L + 1).

    Args:
        graph: Normalised adjacency of the training pairs.
        layers: L, steps of propagation.
        d: Numbers per vector.
        l2: Weight of the squared norms of a triple's rows x^0.
        generator: Draws the initial values.

    Source: He et al., "LightGCN" (SIGIR 2020), equations 3, 4 and 8; Xavier initial values.
    """

    def __init__(
        self, graph: NormalisedAdjacency, *, layers: int, d: int, l2: float, generator: torch.Generator
    ) -> None:
        n_users, n_items = len(graph.users_from_items.starts), len(graph.items_from_users.starts)
        super().__init__(n_users, n_items, d=d, l2=l2, generator=generator)
        self.graph = graph
        self.layers = layers

    def tables(self) -> tuple[Tensor, Tensor]:
        """Propagated vectors of users (U, d) and warm items (W, d)."""
        users: Tensor = self.user_rows
        items: Tensor = self.item_rows
        user_sum, item_sum = users, items
        for _ in range(self.layers):
            users, items = self.graph.to_users(items), self.graph.to_items(users)
            user_sum, item_sum = user_sum + users, item_sum + items
        return user_sum / (self.layers + 1), item_sum / (self.layers + 1)
