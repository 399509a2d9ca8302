"""FilterLLM: an item's text in, a probability for every user out, in one pass."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.coldstart.pseudo_interactions import top_users
from models.coldstart.top_users import TopUsers
from models.filterllm.config import FilterLLMConfig
from models.filterllm.feature_centring import FeatureCentring
from models.filterllm.fusion import narrowed
from models.filterllm.item_offset import USUAL_WEIGHTS, OffsetWeights, with_offset
from models.filterllm.language_model import LanguageModel
from models.filterllm.precision import Precision
from models.filterllm.prompt import PromptTemplate
from models.filterllm.text_tokens import TextKernel, TextTokens
from models.filterllm.user_vocabulary import UserVocabulary

FloatArray = NDArray[np.float32]
ITEMS_PER_BLOCK = 256  # rows of a (B, U) table held at once: 100 MB at 100,000 users


class FilterLLM(nn.Module):
    """The distribution over all users given an item's text.

    With x the centred unit vector of the text, z = mapper(x sqrt(H)), t_u, b_u the token and bias of user u,
    w_u its closed-form text token and k(x) the text's side of those,

        log p(u | text) = l_u - logsumexp over all users v of l_v,
        l_u = s cos(z, t_u) + b_u + g <k(x), w_u>      (``similarity="dot"``: <z, t_u> instead of s cos)

    while it is trained. ``fuse`` then brings both tables into one, (U, D) with D = ``config.width``, and
    l_u = <v(x), t_u> + b_u, where v(x) = s z/|z| F + k'(x).

    Attributes:
        config: Settings of the fit.
        language_model: Frozen, with LoRA matrices if stage 2 ran.
        vocabulary: Tokens t, (U, d) or (U, D) once fused, and biases b (U,).
        text_kernel: k, or k' once fused; and the popularity that a text leads to expect.
        text_tokens: w, (U, R), or (U, 0) where the part is left out or fused.
        text_weight: g >= 0, scalar, in nats.
        fusion: F, (d, D); (0, 0) before the fusion.
        left_out: (W, D), v of the warm items without their own labels in the text tokens; (0, 0) before.
        left_out_popularity: (W,), what is expected of them likewise; (0,) before.
        offset: (2,), the weights of :class:`OffsetWeights`.
        precision: Width of the language model's matrix products when texts are encoded.
        user_fingerprint: Of the id map whose user_index the tokens follow; None before it is known.

    Source:
        FilterLLM, arXiv 2502.16924. Ours: cosine with a learned scale s, the bias, the text tokens.
    """

    text_tokens: Tensor
    fusion: Tensor
    left_out: Tensor
    left_out_popularity: Tensor
    offset: Tensor
    text_weight: Tensor

    def __init__(
        self,
        language_model: LanguageModel,
        *,
        config: FilterLLMConfig,
        centring: FeatureCentring,
        mapper: nn.Sequential,
        vocabulary: UserVocabulary,
    ) -> None:
        super().__init__()
        self.config = config
        self.language_model = language_model
        self.centring = centring
        self.mapper = mapper
        self.vocabulary = vocabulary
        self.log_scale = nn.Parameter(torch.tensor(math.log(config.initial_scale)))
        self.text_kernel = TextKernel.empty(language_model.hidden_size)
        self.register_buffer("text_tokens", torch.zeros((vocabulary.n_users, 0)))
        self.register_buffer("fusion", torch.zeros((0, 0)))
        self.register_buffer("left_out", torch.zeros((0, 0)))
        self.register_buffer("left_out_popularity", torch.zeros(0))
        self.register_buffer("offset", torch.zeros(2))
        self.go_on_with(USUAL_WEIGHTS)
        self.register_buffer("text_weight", torch.tensor(config.text_weight))
        self.template = PromptTemplate(config.prompt_template, language_model.token_limit(config.max_tokens))
        self.precision: Precision = "float32"
        self.user_fingerprint: str | None = None
        self._memory: dict[str, FloatArray] | None = None

    @property
    def n_users(self) -> int:
        """U."""
        return self.vocabulary.n_users

    # -- training ---------------------------------------------------------------------------------------

    def map_texts(self, features: Tensor) -> Tensor:
        """Item vectors in the space of the tokens.

        Args:
            features: (B, H) raw vectors of the language model.

        Returns:
            (B, d); of length 1 where the similarity is the cosine.
        """
        unit = self.centring(features)  # (B, H)
        mapped = self.mapper(unit * math.sqrt(unit.shape[1]))  # (B, d)
        return functional.normalize(mapped, dim=1) if self.config.similarity == "cosine" else mapped

    def learned_logits(self, mapped: Tensor) -> Tensor:
        """Logits without the closed-form part.

        Args:
            mapped: (B, d) from ``map_texts``.

        Returns:
            (B, U) in nats, not normalised.
        """
        return self._scale() * mapped @ self._unit_tokens().T + self.vocabulary.bias  # (B, U)

    def set_text_tokens(self, found: TextTokens) -> None:
        """Put closed-form tokens and their kernel into place."""
        self.text_tokens = found.tokens.to(self.vocabulary.bias.device)
        self.text_kernel = found.kernel.to(self.vocabulary.bias.device)

    @torch.no_grad()
    def fuse(self, features: Tensor, found: TextTokens) -> None:
        """Bring learned and text tokens into one table that answers as both do for the training items.

        Args:
            features: (W, H) float32, vectors of the warm items' texts.
            found: Gives the text tokens' other side with each item left out.
        """
        weight = self.text_weight
        told = found.left_out if weight > 0 else found.left_out[:, :0]  # what has no weight need not be fused
        learned = self._scale() * self.map_texts(features)  # (W, d)
        items = torch.cat([learned, weight * told], dim=1)  # (W, d + R)
        users = torch.cat([self._unit_tokens(), self.text_tokens[:, : told.shape[1]]], dim=1)  # (U, d + R)
        table, back = narrowed(users, items, bias=self.vocabulary.bias.detach(), config=self.config)
        d = learned.shape[1]
        self.text_kernel = self.text_kernel.projected(weight * back[d:])  # to (M, D)
        self.fusion = back[:d]  # (d, D)
        self.left_out, self.left_out_popularity = items @ back, found.popularity  # (W, D), (W,)
        self.vocabulary = UserVocabulary(table, self.vocabulary.bias)
        self.text_tokens = table.new_zeros((len(table), 0))

    # -- answers ----------------------------------------------------------------------------------------

    @torch.no_grad()
    def user_factors(self) -> FloatArray:
        """Users' side of the factorised log-probabilities.

        Returns:
            (U, F) float32; ``user_factors() @ item_factors(texts).T`` is log p(user | text) in nats, (U, B).
        """
        ones = self.vocabulary.bias.new_ones((self.n_users, 1))
        parts = [self._unit_tokens(), self.text_tokens, self.vocabulary.bias.unsqueeze(1), ones]
        return torch.cat(parts, dim=1).cpu().numpy()  # (U, F)

    def item_factors(self, texts: Sequence[str]) -> FloatArray:
        """Items' side of the factorised log-probabilities.

        Args:
            texts: B texts.

        Returns:
            (B, F) float32; the last column is minus the logarithm of the normaliser over all U users.
        """
        return self.answers(texts)[0]

    def answers(self, texts: Sequence[str]) -> tuple[FloatArray, FloatArray]:
        """What :meth:`item_factors` gives, and the popularity (B,) that each text leads to expect, its logarithm."""
        features = torch.from_numpy(self.adapted_features(texts)).to(self.vocabulary.bias.device)
        users = torch.from_numpy(self.user_factors()).to(features.device)[:, :-1]  # (U, F - 1)
        blocks = [self._item_block(block, users) for block in torch.split(features, ITEMS_PER_BLOCK)]
        factors, popularity = zip(*blocks, strict=True)
        return np.concatenate(factors), np.concatenate(popularity)

    @property
    def offset_weights(self) -> OffsetWeights:
        """What counts in an item's offset."""
        return OffsetWeights(*(round(weight, 6) for weight in self.offset.tolist()))

    def go_on_with(self, weights: OffsetWeights) -> None:
        """Let these count in the offset, but for those that the settings fix."""
        fixed = OffsetWeights(self.config.appeal_weight, self.config.popularity_weight)  # type: ignore[arg-type]
        chosen = [own if given is None else given for given, own in zip(fixed, weights, strict=True)]
        self.offset.copy_(torch.tensor(chosen))

    def relevance_factors(self, texts: Sequence[str]) -> FloatArray:
        """Items' side of the score by which a user's list of items should be ordered.

        A list compares items, which a distribution per item does not: p(user | item) sums to 1 for every
        item, whether its text appeals to many or to nobody. The logarithm of the normaliser says how much it
        appeals, a regression how often such texts are taken, and each counts what :attr:`offset_weights` say:
        ``relevance = log p(user | item) + appeal * log sum over v of exp(l_v) + popularity * expected``. Each
        item's order of users is that of ``item_factors``.

        Args:
            texts: B texts.

        Returns:
            (B, F) float32, to be multiplied with ``user_factors()``.
        """
        return with_offset(*self.answers(texts), self.offset_weights)

    def text_users(self) -> FloatArray:
        """The table of users (U, D) alone, without bias."""
        return self.user_factors()[:, :-2]

    def text_items(self, texts: Sequence[str]) -> FloatArray:
        """Texts in the space of ``text_users``, and an offset each.

        Returns:
            (B, D + 1) float32: the inner product of a user and the first D is the logit without bias, in nats; the
            last number makes it the relevance without bias, see :meth:`relevance_factors`.
        """
        return np.delete(self.relevance_factors(texts), -2, axis=1)

    @torch.no_grad()
    def untold_item(self) -> FloatArray:
        """What :meth:`text_items` gives no text, (D + 1,) float32: the appeal of the users' bias alone."""
        found = np.zeros(self.vocabulary.d + 1, dtype=np.float32)
        found[-1] = -(1 - self.offset_weights.appeal) * float(self.vocabulary.bias.logsumexp(dim=0))
        return found

    @torch.no_grad()
    def warm_text_items(self, texts: Sequence[str]) -> FloatArray:
        """The same (W, D + 1) for the warm items, without what the closed-form part knows of their own users.

        Args:
            texts: Of the warm items, in their order; read only by a model that was not fused.
        """
        if not self.left_out.numel():
            return self.text_items(texts)
        users = torch.from_numpy(self.user_factors()).to(self.left_out.device)[:, :-1]  # (U, D + 1)
        blocks = [
            self._with_normaliser(block, users) for block in torch.split(self.left_out, ITEMS_PER_BLOCK)
        ]
        popularity = self.left_out_popularity.cpu().numpy()
        return np.delete(with_offset(np.concatenate(blocks), popularity, self.offset_weights), -2, axis=1)

    @torch.no_grad()
    def simulate(self, texts: Sequence[str], *, k: int) -> TopUsers:
        """The k most probable users of each text.

        Args:
            texts: B texts, at least one.
            k: Users per item, 1..U.

        Returns:
            Users (B, k) int64, most probable first, with log-probabilities in nats over all U users.

        Raises:
            ValueError: If there is no text, or k is not in 1..U.
        """
        if not texts:
            raise ValueError("texts must hold at least one text, got none")
        if not 1 <= k <= self.n_users:
            raise ValueError(f"k must be in 1..{self.n_users}, the number of users, got {k}")
        users = torch.from_numpy(self.user_factors())
        items = torch.from_numpy(self.item_factors(texts))
        return TopUsers.concatenate(
            [top_users(block @ users.T, k) for block in torch.split(items, ITEMS_PER_BLOCK)]
        )

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Vectors of the language model as it was pretrained, the adapter switched off.

        Args:
            texts: B texts.

        Returns:
            (B, H) float32, neither centred nor normalised: material for reference models.
        """
        with self.language_model.without_adapter():
            return self._encoded(texts)

    def adapted_features(self, texts: Sequence[str]) -> FloatArray:
        """Vectors (B, H) float32 of the language model with its adapter: what the mapper reads."""
        if self._memory is None:
            return self._encoded(texts)
        new = list(dict.fromkeys(text for text in texts if text not in self._memory))
        self._memory.update(zip(new, self._encoded(new), strict=True))
        known = [self._memory[text] for text in texts]
        return np.stack(known) if known else self._encoded([])

    @contextlib.contextmanager
    def remembering(self) -> Iterator[None]:
        """Encode each text once inside the outermost block; for times in which the language model does not change."""
        before = self._memory
        self._memory = {} if before is None else before
        try:
            yield
        finally:
            self._memory = before

    def with_users(self, tokens: FloatArray, bias: FloatArray) -> FilterLLM:
        """This model with further users after its own; its parts are shared, its tables are not.

        Args:
            tokens: (P, D) float32, rows for the table of users as ``text_users`` gives it.
            bias: (P,) float32, in nats.

        Returns:
            A model over U + P users, in evaluation mode, that knows no fingerprint.

        Raises:
            ValueError: If the model is not finished yet (its text tokens are not fused), or a width differs.
        """
        own = self.vocabulary
        if self.text_tokens.shape[1]:
            raise ValueError("further users join a finished model: this one's text tokens are not fused yet")
        if tokens.shape != (len(bias), own.d):
            raise ValueError(f"tokens must have shape ({len(bias)}, {own.d}), got {tokens.shape}")
        device = own.bias.device
        more = FilterLLM(
            self.language_model,
            config=self.config,
            centring=self.centring,
            mapper=self.mapper,
            vocabulary=UserVocabulary(
                torch.cat([own.tokens.detach(), torch.from_numpy(tokens).to(device)]),
                torch.cat([own.bias.detach(), torch.from_numpy(bias).to(device)]),
            ),
        )
        more.log_scale, more.text_weight = self.log_scale, self.text_weight
        more.text_kernel, more.fusion, more.offset = self.text_kernel, self.fusion, self.offset
        more.left_out, more.left_out_popularity = self.left_out, self.left_out_popularity
        more.text_tokens = self.text_tokens.new_zeros((more.n_users, 0))
        more.precision = self.precision
        return more.train(False)

    def _encoded(self, texts: Sequence[str]) -> FloatArray:
        """Texts through template, tokenizer and language model."""
        prompts = self.template.tokenize(self.language_model.tokenizer, texts)
        return self.language_model.encode(prompts.token_ids, precision=self.precision)

    def _scale(self) -> Tensor | float:
        """s of the cosine; the inner product has none."""
        return self.log_scale.exp() if self.config.similarity == "cosine" else 1.0

    def _unit_tokens(self) -> Tensor:
        """(U, d) tokens as the logits use them."""
        tokens = self.vocabulary.tokens
        if self.config.similarity == "dot" or self.fusion.numel():  # fused tokens carry their length
            return tokens
        return functional.normalize(tokens, dim=1)

    @torch.no_grad()
    def _item_block(self, features: Tensor, users: Tensor) -> tuple[FloatArray, FloatArray]:
        """Item factors (B, F) and popularity (B,) of at most ITEMS_PER_BLOCK items."""
        parts = [self._scale() * self.map_texts(features)]  # (B, d)
        told, popularity = self.text_kernel(self.centring(features))  # (B, D) or (B, R)
        if self.fusion.numel():
            parts = [parts[0] @ self.fusion + told]  # (B, D)
        elif self.text_tokens.shape[1]:
            parts.append(self.text_weight * told)
        return self._with_normaliser(torch.cat(parts, dim=1), users), popularity.cpu().numpy()

    @staticmethod
    def _with_normaliser(vectors: Tensor, users: Tensor) -> FloatArray:
        """Item factors (B, F) from what the tokens are multiplied with (B, F - 2), and users (U, F - 1)."""
        vectors = torch.cat([vectors, vectors.new_ones((len(vectors), 1))], dim=1)  # (B, F - 1)
        normaliser = (vectors @ users.T).logsumexp(dim=1, keepdim=True)  # (B, 1)
        return torch.cat([vectors, -normaliser], dim=1).cpu().numpy()
