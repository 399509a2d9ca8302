"""NGCF: neighbourhoods mixed by weights, products and an activation, layer by layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.collaborative.bpr import BprModel
from models.collaborative.graph import NormalisedAdjacency

NEGATIVE_SLOPE = 0.2
NORM_FLOOR = 1e-12


class Ngcf(BprModel):
    """A node's vector is the concatenation of what each layer says about it.

    X^{l+1} = LeakyReLU((A~ + I) X^l W1 + (A~ X^l * X^l) W2), * element by element. The first part is the
    rows themselves; every later one is dropped out in training, then scaled to norm 1 for the output only.

    Args:
        graph: Normalised adjacency of the training pairs.
        layers: L, steps of propagation.
        d: Numbers per layer; the output has D = d (L + 1).
        l2: Weight of the squared norms of a triple's rows.
        dropout: Share of a layer's output dropped in training.
        generator: Draws initial values now and dropout masks later.

    Source: Wang et al., "NGCF" (SIGIR 2019), equation 7; slope 0.2, the unit norm per layer and the place of
    the dropout are from the authors' code. The weight matrices are not penalised.
    """

    def __init__(
        self,
        graph: NormalisedAdjacency,
        *,
        layers: int,
        d: int,
        l2: float,
        dropout: float,
        generator: torch.Generator,
    ) -> None:
        n_users, n_items = len(graph.users_from_items.starts), len(graph.items_from_users.starts)
        super().__init__(n_users, n_items, d=d, l2=l2, generator=generator)
        self.graph = graph
        self.dropout = dropout
        self.generator = generator
        self.sum_weights = nn.ParameterList(torch.empty(d, d) for _ in range(layers))
        self.product_weights = nn.ParameterList(torch.empty(d, d) for _ in range(layers))
        for weights in (*self.sum_weights, *self.product_weights):
            nn.init.xavier_uniform_(weights, generator=generator)

    def tables(self) -> tuple[Tensor, Tensor]:
        """Concatenated vectors of users (U, D) and warm items (W, D)."""
        users: Tensor = self.user_rows
        items: Tensor = self.item_rows
        user_parts, item_parts = [users], [items]
        for sum_weights, product_weights in zip(self.sum_weights, self.product_weights, strict=True):
            from_items, from_users = self.graph.to_users(items), self.graph.to_items(users)
            users = self._mix(users, from_items, sum_weights, product_weights)
            items = self._mix(items, from_users, sum_weights, product_weights)
            user_parts.append(nn.functional.normalize(users, dim=1, eps=NORM_FLOOR))
            item_parts.append(nn.functional.normalize(items, dim=1, eps=NORM_FLOOR))
        return torch.cat(user_parts, dim=1), torch.cat(item_parts, dim=1)

    def _mix(self, own: Tensor, received: Tensor, sum_weights: Tensor, product_weights: Tensor) -> Tensor:
        """One layer for the nodes of one kind, all (rows, d)."""
        mixed = (received + own) @ sum_weights + (received * own) @ product_weights
        mixed = nn.functional.leaky_relu(mixed, NEGATIVE_SLOPE)
        if not self.training or self.dropout == 0:
            return mixed
        # a mask from our own generator: torch's dropout knows only the global seed
        noise = torch.rand(mixed.shape, generator=self.generator).to(mixed.device)
        return mixed * (noise >= self.dropout) / (1 - self.dropout)
