"""Several optimizers step and clear as one."""

from __future__ import annotations

import pytest
import torch

from models.baselines.joint_optimizer import JointOptimizer


def test_each_part_keeps_its_own_rule():
    first, second = (torch.nn.Parameter(torch.tensor([1.0])) for _ in range(2))
    joint = JointOptimizer(torch.optim.SGD([first], lr=0.5), torch.optim.SGD([second], lr=0.1))
    (2 * first + 3 * second).sum().backward()
    joint.step()
    assert first.item() == pytest.approx(1 - 0.5 * 2)
    assert second.item() == pytest.approx(1 - 0.1 * 3)
    joint.zero_grad()
    assert first.grad is None
    assert second.grad is None


def test_refusals():
    with pytest.raises(ValueError, match="empty parameter list"):
        JointOptimizer()
    joint = JointOptimizer(torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1))
    with pytest.raises(ValueError, match="closure must be None"):
        joint.step(lambda: 0.0)
