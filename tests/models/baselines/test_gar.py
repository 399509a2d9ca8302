"""Both turns by hand, each moves one side alone; cold topics found."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.baselines import gar
from models.baselines.gar import Gar, GarConfig, Turn, resized
from models.baselines.warm_pairs import Triples
from tests.models.baselines.rival_worlds import by_hand, found, rival_input

SMALL = GarConfig(
    width=5, likeness_weight=0.3, negative_share=0.2, l2=0.1, generator_dropout=0.0, tower_dropout=0.0
)
TOY = GarConfig(width=16, negative_share=0.5, vector_size=5.0, epochs=4, learning_rate=0.003)
TRIPLES = Triples(torch.tensor([0, 4, 2]), torch.tensor([1, 3, 0]), torch.tensor([3, 2, 1]))


def model_by_hand() -> Gar:
    """Without dropout, so that both turns can be computed again."""
    return Gar(by_hand(), SMALL, generator=torch.Generator().manual_seed(0))


def half_squares(*modules: torch.nn.Module) -> float:
    """Half the squared weights of the maps."""
    maps = [m for module in modules for m in module.modules() if isinstance(m, torch.nn.Linear)]
    return sum(float(layer.weight.detach().square().sum()) for layer in maps) / 2


def bpr(margin: torch.Tensor) -> float:
    """Mean of -ln sigmoid."""
    return float(-margin.detach().sigmoid().log().mean())


def test_recommender_turn_by_hand():
    model = model_by_hand()
    made = model.generated.eval()(model.warm_texts[TRIPLES.positives])
    rows = torch.cat((model.items[TRIPLES.positives], model.items[TRIPLES.negatives], made))
    users, items = model.user_tower(model.users[TRIPLES.users]), model.item_tower(rows)
    real, unseen, fake = ((users * items[k : k + 3]).sum(dim=1) for k in (0, 3, 6))
    size = half_squares(model.user_tower, model.item_tower)
    expected = bpr(real - 0.8 * fake - 0.2 * unseen) + 0.1 * size
    loss = float(model.loss(Turn(TRIPLES, of_generator=False)).detach())
    assert loss == pytest.approx(expected, rel=1e-5)


def test_generator_turn_by_hand():
    model = model_by_hand()
    made, known = model.generated(model.warm_texts[TRIPLES.positives]), model.items[TRIPLES.positives]
    model.eval()
    users = model.user_tower(model.users[TRIPLES.users])
    margin = (users * (model.item_tower(made) - model.item_tower(known))).sum(dim=1)
    distance = float((made - known).detach().abs().sum(dim=1).mean())
    expected = 0.7 * bpr(margin) + 0.3 * distance + 0.1 * half_squares(model.generated)
    model.train()
    loss = float(model.loss(Turn(TRIPLES, of_generator=True)).detach())
    assert loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("of_generator", [False, True])
def test_a_turn_moves_one_side_alone(of_generator):
    model = model_by_hand()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    model.loss(Turn(TRIPLES, of_generator=of_generator)).backward()
    optimizer.step()
    for name, value in model.state_dict().items():
        moved = not torch.equal(value, before[name])
        if name.startswith("generated") != of_generator:
            assert not moved, name
        elif name.endswith("weight"):
            assert moved, name


@pytest.mark.slow
def test_cold_topics_are_found():
    assert found(gar.fit(rival_input(), config=TOY)) > 0.6


def test_the_paper_takes_vectors_as_they_are():
    data = by_hand()
    model = Gar(data, GarConfig(), generator=torch.Generator())
    np.testing.assert_array_equal(model.users, data.user_vectors)
    np.testing.assert_array_equal(model.items, data.warm_vectors)
    layers = [module for module in model.modules() if isinstance(module, torch.nn.Linear)]
    assert {layer.out_features for layer in layers} == {200, data.user_vectors.shape[1]}


def test_tuned_differs_from_the_paper_where_it_says_so():
    assert GarConfig.tuned().negative_share == 0.9


def test_vectors_are_brought_to_one_size():
    vectors = resized(torch.tensor([[3.0, 0.0], [4.0, 0.0]]), 5.0)
    np.testing.assert_allclose(vectors, [[6, 0], [8, 0]])
    assert not resized(torch.zeros(2, 2), 1.0).any()


def test_refusals():
    with pytest.raises(ValueError, match=r"tower_dropout must be in \[0, 1\), got 1.0"):
        GarConfig(tower_dropout=1.0)
    with pytest.raises(ValueError, match=r"negative_share must be in \[0, 1\], got 2"):
        GarConfig(negative_share=2)
