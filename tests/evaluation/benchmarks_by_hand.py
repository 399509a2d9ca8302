"""A benchmark of three models whose numbers can be checked by eye."""

from __future__ import annotations

from evaluation.benchmark import Benchmark
from evaluation.benchmark_row import BenchmarkRow
from evaluation.comparison import Comparison

ABOUT = {
    "data_set": "a <small> world",
    "split_hash": "0123456789abcdef",
    "date": "2024-01-01T00:00:00+00:00",
    "machine": {"cores": 2, "threads": 1},
    "language_model": "embedded",
    "commit": None,
}
COLD = {"default": (0.30, 0.34), "ridge": (0.20, 0.20), "chance": (0.01,)}


def rows() -> list[BenchmarkRow]:
    """NDCG and Recall at 20 on test, both evaluators, in all settings; the audience side at 20."""
    found = []
    for model, values in COLD.items():
        for number, value in enumerate(values):
            for setting, factor in (("cold", 1.0), ("overall", 0.5), ("warm", 0.25)):
                for metric, share in (("ndcg", 1.0), ("recall", 1.5)):
                    for evaluator, bonus in (("A", 0.01), ("B", 0.0)):
                        place = ("user", setting, "test", evaluator, metric)
                        found.append(row(model, 42 + number, place, value * factor * share + bonus))
    return found


def audience() -> list[BenchmarkRow]:
    """Share of true pairs and Gini over both phases."""
    return [
        row(model, 42 + number, ("audience", "cold", "both", "B", metric), value / 2)
        for model, values in COLD.items()
        for number, value in enumerate(values)
        for metric in ("true_pairs", "gini")
    ]


def row(model: str, seed: int, place: tuple[str, str, str, str, str], value: float) -> BenchmarkRow:
    """One row at 20 from (side, setting, phase, evaluator, metric)."""
    side, setting, phase, evaluator, metric = place
    seconds = 10.0 * (seed - 41)
    return BenchmarkRow(
        model,
        seed,
        phase,
        setting,
        side,  # type: ignore[arg-type]
        evaluator,
        metric,
        20,
        value,
        seconds,
        "float32",
    )


def benchmark() -> Benchmark:
    """All of it."""
    compared = [
        Comparison("ridge", "default", "user", "cold", "ndcg@20", -0.12, -0.13, -0.11, 50),
        Comparison("default", "ridge", "user", "cold", "ndcg@20", 0.12, 0.11, 0.13, 50),
    ]
    return Benchmark(ABOUT, rows(), audience(), compared)
