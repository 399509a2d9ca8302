from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from models.filterllm.distillation import SHARPNESS, NarrowTables, WideTables, distil, divergence
from models.filterllm.fusion import fuse

N_USERS, N_ITEMS, WIDE, NARROW = 60, 300, 24, 4


def teacher(scale: float = 1.0) -> WideTables:
    """Few users stand out for each item: what least squares does not look at."""
    draw = torch.Generator().manual_seed(1)
    users = torch.randn((N_USERS, WIDE), generator=draw) / scale
    items = torch.randn((N_ITEMS, WIDE), generator=draw) * scale
    table, back = (torch.from_numpy(one) for one in fuse(users.numpy(), items.numpy(), width=WIDE))
    return WideTables(table, items @ back, torch.randn(N_USERS, generator=draw) * 0.3)


def lost(wide: WideTables, table: Tensor, back: Tensor) -> float:
    """Of what is taught, in nats."""
    taught = SHARPNESS * (wide.items @ wide.users.T + wide.bias)
    said = SHARPNESS * (wide.items @ back @ table.T + wide.bias)
    return float(divergence(taught, said, dim=1) + divergence(taught, said, dim=0))


def distilled(wide: WideTables, epochs: int = 20) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(3)
    return distil(wide, width=NARROW, epochs=epochs, learning_rate=0.004, generator=draw)


def test_divergence_by_hand() -> None:
    taught = torch.log(torch.tensor([[0.5, 0.5], [0.9, 0.1]]))
    said = torch.log(torch.tensor([[0.25, 0.75], [0.9, 0.1]]))
    first = 0.5 * math.log(2) + 0.5 * math.log(0.5 / 0.75)
    assert math.isclose(float(divergence(taught, said, dim=1)), first / 2, rel_tol=1e-6)
    # down the columns: (5, 9) / 14 against (2.5, 9) / 11.5, and (5, 1) / 6 against (7.5, 1) / 8.5
    columns = [(5 / 14, 2.5 / 11.5), (9 / 14, 9 / 11.5), (5 / 6, 7.5 / 8.5), (1 / 6, 1 / 8.5)]
    expected = sum(p * math.log(p / q) for p, q in columns) / 2
    assert math.isclose(float(divergence(taught, said, dim=0)), expected, rel_tol=1e-5)


def test_the_narrow_tables_come_nearer_to_the_wide_ones() -> None:
    wide = teacher()
    assert lost(wide, *distilled(wide)) < 0.85 * lost(wide, *distilled(wide, epochs=0))


def test_a_narrow_table_is_taught_the_top_first() -> None:
    wide = teacher()
    student = NarrowTables(wide, NARROW)
    said = (wide.items @ student.back @ student.table.T + wide.bias).detach()
    taught = wide.items @ wide.users.T + wide.bias
    expected = divergence(3 * taught, 3 * said, dim=1) + divergence(3 * taught, 3 * said, dim=0)
    torch.testing.assert_close(student.loss(torch.arange(N_ITEMS)).detach(), expected, rtol=1e-4, atol=1e-6)


def test_without_epochs_the_first_columns_are_the_table() -> None:
    wide = teacher()
    table, back = distilled(wide, epochs=0)
    said = wide.items @ back @ table.T
    torch.testing.assert_close(said, wide.items[:, :NARROW] @ wide.users[:, :NARROW].T, rtol=1e-4, atol=1e-4)


def test_the_unit_of_the_items_does_not_matter() -> None:
    wide, other = teacher(), teacher(scale=1e3)
    scores, others = (
        one.items @ back @ table.T for one in (wide, other) for table, back in [distilled(one, 5)]
    )
    torch.testing.assert_close(scores, others, rtol=0.05, atol=0.05)


def test_the_same_seed_gives_the_same_tables_and_the_teacher_stays() -> None:
    wide = teacher()
    one, other = distilled(wide, epochs=2), distilled(wide, epochs=2)
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first.numpy(), second.numpy())
    for name in ("users", "items", "bias"):
        torch.testing.assert_close(getattr(wide, name), getattr(teacher(), name), rtol=0, atol=0)
