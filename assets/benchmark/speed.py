"""Text to judgment against text to distribution: the same items, language model and machine, timed in one run."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.readers.synthetic import SyntheticWorld
    from evaluation.speed import SpeedRow

NAME = "speed"
"""Of the files, and of the place among the documents."""

CANDIDATES = (20, 100, 500)
WARM_UP = 1
VECTOR_SIZE = 200
"""Width of each side of the filter, and half that of a learned user token: that of the models in the table."""
WARM_ITEMS = 13_584
"""Texts with which a new one is compared: those that FilterLLM's closed-form part knows in the table."""
DISTRIBUTION_BATCHES = 8
"""A distribution takes milliseconds: so many times more items are timed, to be well above the clock's noise."""

Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class SpeedRequest:
    """What is timed.

    Attributes:
        out: Folder of ``speed.json`` and ``speed.md``; made if it is not there.
        items: New items whose users are judged, as one batch.
        users: Users of the synthetic world, at least the largest number of candidates.
        language_model: ``embedded``, a folder or a Hugging Face id.
        candidates: Users per item that are judged.
        seed: Of the world and of all weights.
        warm_items: Texts that FilterLLM's closed-form part compares a new one with.
        docs: Folder of documents whose ``results.md`` has a place for ``speed``; None: none.
    """

    out: Path
    items: int = 4
    users: int = 5000
    language_model: str = "embedded"
    candidates: tuple[int, ...] = CANDIDATES
    seed: int = 0
    warm_items: int = WARM_ITEMS
    docs: Path | None = None


@dataclass
class Meter:
    """What a language model was given to read: texts and tokens, padding included."""

    texts: int = 0
    tokens: int = 0

    @contextmanager
    def listening(self, network: Any) -> Iterator[None]:
        """Count inside the block."""

        def hook(module: Any, arguments: Any, named: dict[str, Any], output: Any) -> None:
            shape = named["input_ids"].shape
            self.texts, self.tokens = self.texts + shape[0], self.tokens + shape[0] * shape[1]

        handle = network.register_forward_hook(hook, with_kwargs=True)
        try:
            yield
        finally:
            handle.remove()


def run_speed(request: SpeedRequest, *, report: Report = lambda done, total, note: None) -> "list[SpeedRow]":
    """Time both methods and write the table.

    Args:
        request: What to time.
        report: Told ``(done, total, note)`` as it goes on.

    Returns:
        Both methods at each number of candidates; ``speed.json`` and ``speed.md`` lie in ``request.out``.

    Raises:
        InputError: If the documents have no place for the table.
    """
    from assets.benchmark.documents import require_place
    from data.readers.synthetic import SyntheticWorld
    from evaluation.speed import DISTRIBUTION, JUDGEMENT

    if request.docs is not None:
        require_place(request.docs, NAME)
    n_items = 500 + request.items * DISTRIBUTION_BATCHES
    size = {"n_interactions": 20 * request.users, "seed": request.seed}
    world = SyntheticWorld.create(max(request.users, *request.candidates), n_items, **size)
    report(0, 2 * len(request.candidates), "loading")
    judge, distribution = _judge(world, request), _distribution(world, request)
    rows: list[SpeedRow] = []
    for candidates in request.candidates:
        for method, (network, ask), items in (
            (JUDGEMENT, judge, request.items),
            (DISTRIBUTION, distribution, request.items * DISTRIBUTION_BATCHES),
        ):
            report(len(rows), 2 * len(request.candidates), f"{method}, {candidates} candidates")
            rows.append(_timed(method, network, ask, candidates=candidates, items=items))
    report(len(rows), len(rows), "")
    _write(request, world, rows)
    return rows


Ask = Callable[[int, int], Any]
"""Finds so many users for each of so many new items."""


def _timed(method: str, network: Any, ask: Ask, *, candidates: int, items: int) -> "SpeedRow":
    from evaluation.speed import SpeedRow

    ask(WARM_UP, candidates)
    meter = Meter()
    with meter.listening(network):
        started = time.perf_counter()
        ask(items, candidates)
        seconds = time.perf_counter() - started
    per_item = (meter.texts / items, meter.tokens / items, seconds / items)
    return SpeedRow(method, candidates, items, *per_item)


def _judge(world: "SyntheticWorld", request: SpeedRequest) -> tuple[Any, Ask]:
    """ColdLLM's way: the text's vector, the filter's candidates, a judgement on each."""
    import numpy as np

    from models.baselines.coldllm.funnel import candidates, refined_order
    from models.baselines.coldllm.refiner import Refiner, RefinerConfig
    from models.baselines.factors import Factors
    from models.baselines.rival import RivalInput
    from models.filterllm.config import FilterLLMConfig
    from models.filterllm.language_model import load_language_model

    rng = np.random.default_rng(request.seed)
    model = load_language_model(request.language_model)
    features = model.encode(_tokens(model, world.titles))
    new, train = _new_items(world, request), world.pairs
    train = train[~np.isin(train[:, 1], new)]
    warm = np.unique(train[:, 1])
    data = RivalInput(
        train,
        world.size.n_users,
        features,
        warm,
        user_vectors=np.zeros((world.size.n_users, 1), dtype=np.float32),  # not read
        warm_vectors=np.zeros((len(warm), 1), dtype=np.float32),
        seed=request.seed,
    )
    config = RefinerConfig(lora_rank=FilterLLMConfig().lora_rank)
    refiner = Refiner(data, world.titles, model, config=config, precision=_precision())
    users = rng.normal(size=(world.size.n_users, 2 * VECTOR_SIZE + 1)).astype(np.float32)
    tower = rng.normal(size=(features.shape[1], users.shape[1])).astype(np.float32)

    def ask(n: int, k: int) -> Any:
        items = new[:n]
        vectors = model.encode(_tokens(model, [world.titles[item] for item in items]), precision=_precision())
        found, scores = candidates(Factors(users, vectors @ tower), np.arange(n), n=k)
        margins = refiner.margins(found.ravel(), np.repeat(items, found.shape[1])).reshape(found.shape)
        return refined_order(found, scores, margins, filter_weight=0.0)

    return model.network, ask


def _distribution(world: "SyntheticWorld", request: SpeedRequest) -> tuple[Any, Ask]:
    """FilterLLM's way, as it is published: the text's vector, both of its parts, a probability for every user."""
    import numpy as np
    import torch

    from models.filterllm.config import FilterLLMConfig
    from models.filterllm.distribution import FilterLLM
    from models.filterllm.feature_centring import FeatureCentring
    from models.filterllm.language_model import load_language_model
    from models.filterllm.mapper import build_mapper
    from models.filterllm.text_guide import TextGuide
    from models.filterllm.text_tokens import TextKernel
    from models.filterllm.user_vocabulary import UserVocabulary

    config = FilterLLMConfig(language_model=request.language_model)
    generator = torch.Generator().manual_seed(request.seed)
    language_model = load_language_model(request.language_model)
    language_model.add_lora(
        rank=config.lora_rank, alpha=config.lora_alpha, targets=config.lora_targets, generator=generator
    )
    h, d = language_model.hidden_size, 2 * VECTOR_SIZE

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator).div(shape[-1] ** 0.5)

    tokens = drawn(world.size.n_users, config.width)
    known = request.warm_items
    guide = TextGuide(drawn(known, h), drawn(known, d), drawn(d), drawn(known))
    model = FilterLLM(
        language_model,
        config=config,
        centring=FeatureCentring.of(np.eye(h, dtype=np.float32)),
        mapper=build_mapper(
            config.mapper, sizes=(h, config.mapper_width, d), dropout=0.0, generator=generator
        ),
        vocabulary=UserVocabulary(tokens, torch.zeros(len(tokens))),
    ).eval()
    model.fusion = drawn(d, config.width)
    model.text_kernel = TextKernel(guide, drawn(known, h + d), drawn(known, config.width))
    titles = [world.titles[item] for item in _new_items(world, request)]
    return language_model.network, lambda n, k: model.simulate(titles[:n], k=k)


def _new_items(world: "SyntheticWorld", request: SpeedRequest) -> Any:
    """The items that are taken for new: the last of the world."""
    import numpy as np

    return np.arange(world.size.n_items)[-request.items * DISTRIBUTION_BATCHES :]


def _tokens(model: Any, texts: list[str]) -> Any:
    from models.filterllm.prompt import PromptTemplate

    template = PromptTemplate(max_tokens=model.token_limit(PromptTemplate().max_tokens))
    return template.tokenize(model.tokenizer, texts).token_ids


def _precision() -> Any:
    import torch

    from models.filterllm.precision import training_precision

    return training_precision("auto", torch.device("cpu"))


def _write(request: SpeedRequest, world: "SyntheticWorld", rows: "list[SpeedRow]") -> None:
    from assets.benchmark.about import about_run
    from assets.benchmark.documents import place_tables
    from evaluation.report_markdown import as_markdown
    from evaluation.speed import speed_table

    about = about_run(language_model=request.language_model)
    about |= {"dtype": _precision(), "users": world.size.n_users, "titles": "synthetic"}
    about |= {"warm_items": request.warm_items, "dtype_of_distribution": "float32"}
    machine = about["machine"]
    origin = (
        f"Synthetic titles, {world.size.n_users:,} users, {request.warm_items:,} warm items; {about['date']}; "
        f"{machine['cores']} cores, {machine['threads']} threads; language model {request.language_model}; "
        f"judgments in {about['dtype']}, distributions in float32, as in the other tables; "
        f"commit {about['commit'] or 'unknown'}."
    )
    content = json.dumps({"about": about, "rows": [asdict(row) for row in rows]}, indent=1) + "\n"
    table = speed_table(rows)
    texts = {
        f"{NAME}.json": content,
        f"{NAME}.md": f"# Speed\n\n{origin}\n\n{as_markdown(table)}\n",
    }
    request.out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        temporary = request.out / f".{name}.writing"
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(request.out / name)
    if request.docs is not None:
        place_tables(request.docs, NAME, copy=content, origin=origin, tables=[table])
