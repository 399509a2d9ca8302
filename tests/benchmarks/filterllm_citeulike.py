"""FilterLLM on the cold items of CiteULike-a (titles, split-seed42): figures and seconds.

    python -m tests.benchmarks.filterllm_citeulike --seed 0 [--set lora_epochs=2] [--tokens mf] [--test]

Evaluator B: every user with held-out cold items ranks all 3,396 of them. Settings are chosen on validation;
``--test`` reads the test items once, at the end.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from models.collaborative.config import BprConfig
from models.collaborative.embeddings import CollaborativeEmbeddings
from models.collaborative.fit import fit_bpr
from models.collaborative.ials import IalsConfig, fit_ials
from models.filterllm.checkpoint import load_checkpoint, save_checkpoint
from models.filterllm.config import FilterLLMConfig
from models.filterllm.distribution import FilterLLM
from models.filterllm.fit import fit_filterllm
from models.training import EpochReport

N_USERS, N_ITEMS, K = 5551, 16980, 20
Pairs = NDArray[np.int64]


class ColdSide:
    """Cold ranking of one set of held-out pairs."""

    def __init__(self, texts: list[str], candidates: Pairs, pairs: Pairs) -> None:
        self.candidates = candidates
        self.texts = [texts[item] for item in candidates]
        columns = np.searchsorted(candidates, pairs[:, 1])
        ones = np.ones(len(pairs), dtype=np.float32)
        self.truth = sparse.csr_array((ones, (pairs[:, 0], columns)), shape=(N_USERS, len(candidates)))

    def figures(self, scores: NDArray[np.float32]) -> tuple[float, float]:
        """Recall@20 and NDCG@20, means over users, of scores (U, C)."""
        users = np.flatnonzero(np.diff(self.truth.indptr))
        scores = scores[users]
        top = np.argpartition(-scores, K, axis=1)[:, :K]
        top = np.take_along_axis(top, np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1), axis=1)
        truth = self.truth[users].toarray()
        hits = np.take_along_axis(truth, top, axis=1)
        n_truth = truth.sum(axis=1)
        discount = 1 / np.log2(np.arange(2, K + 2))
        ideal = np.cumsum(discount)[np.minimum(n_truth, K).astype(int) - 1]
        return float((hits.sum(axis=1) / n_truth).mean()), float((hits @ discount / ideal).mean())

    def of(self, model: FilterLLM) -> tuple[float, float]:
        """The same of a model's log-probabilities."""
        return self.figures(model.user_factors() @ model.item_factors(self.texts).T)

    def nats(self, logs: NDArray[np.float32]) -> float:
        """Mean over items of the mean log-probability of an item's true users, from logs (U, C)."""
        per_item = np.asarray((self.truth * logs).sum(axis=0)).ravel()
        counts = np.asarray(self.truth.sum(axis=0)).ravel()
        return float((per_item[counts > 0] / counts[counts > 0]).mean())


def read_pairs(folder: Path, name: str) -> Pairs:
    """(N, 2) of one file of the split."""
    return np.loadtxt(folder / f"{name}.csv", delimiter=",", skiprows=1, dtype=np.int64)


def collaborative(kind: str, train: Pairs, *, d: int, seed: int) -> CollaborativeEmbeddings:
    """User vectors for the tokens."""
    if kind == "ials":
        return fit_ials(train, n_users=N_USERS, n_items=N_ITEMS, config=IalsConfig(d=d, seed=seed))
    config = BprConfig(d=d, seed=seed, epochs=190, patience=None)
    return fit_bpr(train, n_users=N_USERS, n_items=N_ITEMS, config=config)


def parsed(settings: list[str]) -> dict[str, Any]:
    """``name=value`` with JSON values, or plain words."""
    values: dict[str, Any] = {}
    for setting in settings:
        name, _, text = setting.partition("=")
        try:
            values[name] = json.loads(text)
        except json.JSONDecodeError:
            values[name] = text
    return values


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("COLDCAST_SHARED_DATA", default)))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tokens", choices=["ials", "mf"], default="ials")
    parser.add_argument("--d", type=int, default=400)
    parser.add_argument("--embeddings", type=Path, help="folder in which collaborative vectors are kept")
    parser.add_argument("--reference", action="store_true", help="start from FilterLLMConfig.reference()")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings")
    parser.add_argument("--test", action="store_true")
    return parser.parse_args()


def embeddings_of(options: argparse.Namespace, train: Pairs) -> CollaborativeEmbeddings:
    """Collaborative vectors, read back if they were fitted before."""
    folder = options.embeddings and options.embeddings / f"{options.tokens}-{options.d}-{options.seed}"
    if folder and folder.is_dir():
        return CollaborativeEmbeddings.load(folder)
    found = collaborative(options.tokens, train, d=options.d, seed=options.seed)
    if folder:
        folder.mkdir(parents=True)
        found.save(folder)
    return found


def show(started: float) -> Callable[[EpochReport], None]:
    """Print an epoch."""

    def on_epoch(report: EpochReport) -> None:
        value = "-" if report.validation is None else f"{report.validation:.4f}"
        seconds = time.perf_counter() - started
        print(
            f"  epoch {report.epoch}/{report.epochs} loss {report.loss:.3f} ndcg {value} {seconds:.0f} s",
            flush=True,
        )

    return on_epoch


def report(name: str, side: ColdSide, model: FilterLLM) -> None:
    """Print the figures of one side."""
    users, items = model.user_factors(), model.item_factors(side.texts)
    for kind, factors in (("log-probability", items), ("relevance", model.relevance_factors(side.texts))):
        recall, ndcg = side.figures(users @ factors.T)
        print(f"{name:<16} by {kind:<16} Recall@20 {recall:.4f}  NDCG@20 {ndcg:.4f}")
    print(f"{name:<16} log-likelihood {side.nats(users @ items.T):.3f} nats, uniform {-np.log(N_USERS):.3f}")


def main() -> None:
    """Fit, print, and check that a saved model answers the same."""
    options = arguments()
    torch.set_num_threads(1)
    logging.basicConfig(level=logging.INFO, format="%(name)s %(message)s")
    folder = options.data / "citeulike-a"
    texts = (folder / "titles.txt").read_text(encoding="utf-8").split("\n")[:N_ITEMS]
    split = folder / "split-seed42"
    train, validation, test = (
        read_pairs(split, name) for name in ("warm_train", "cold_item_val", "cold_item_test")
    )
    candidates = np.unique(np.concatenate([validation[:, 1], test[:, 1]]))
    on_validation, on_test = ColdSide(texts, candidates, validation), ColdSide(texts, candidates, test)
    started = time.perf_counter()
    embeddings = embeddings_of(options, train)
    print(f"collaborative vectors: {time.perf_counter() - started:.0f} s", flush=True)
    make = FilterLLMConfig.reference if options.reference else FilterLLMConfig
    config = make(**({"seed": options.seed} | parsed(options.settings)))
    print({k: v for k, v in config.to_dict().items() if v != getattr(FilterLLMConfig(), k)})
    started = time.perf_counter()
    model = fit_filterllm(
        [texts[item] for item in embeddings.warm_item_index],
        train,
        embeddings,
        config=config,
        validate=lambda model: on_validation.of(model)[1],
        on_epoch=show(started),
    )
    print(f"fit: {time.perf_counter() - started:.0f} s", flush=True)
    with model.remembering():
        report("cold validation", on_validation, model)
        if options.test:
            report("cold test", on_test, model)
    with tempfile.TemporaryDirectory() as place:
        save_checkpoint(model, Path(place), user_fingerprint="benchmark")
        size = sum(file.stat().st_size for file in Path(place).iterdir())
        same = np.array_equal(
            load_checkpoint(Path(place)).item_factors(texts[:64]), model.item_factors(texts[:64])
        )
        print(f"checkpoint {size / 1e6:.1f} MB, answers equal after loading: {same}")
    print(f"seed {dataclasses.asdict(config)['seed']}, threads {torch.get_num_threads()}")


if __name__ == "__main__":
    main()
