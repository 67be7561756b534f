"""What a strategy of decoding may ask of a model: protocols, each with no more than it needs."""

from typing import Protocol, runtime_checkable

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.models.network import Canvas, Network, Output, Structure, Tensor


@runtime_checkable
class Parallel(Protocol):
    """A model that predicts all positions of a canvas in one pass."""

    vocab_size: int

    def encode(self, inputs: Tensor) -> Structure:
        """Encode sources int[B, S], EOS last, PAD 0 after it, once for any number of passes."""

    def decode(self, source: Structure, canvas: Canvas) -> Output:
        """Predict every position of the canvas."""


@runtime_checkable
class Stepwise(Protocol):
    """A model that predicts the next token from those before it.

    What a search keeps is in two parts: `memory` is the same for all hypotheses of a sentence, so
    that it is repeated for them once and never re-ordered; `state` goes along with a hypothesis.
    """

    vocab_size: int

    def encode(self, inputs: Tensor) -> Structure:
        """Encode sources int[B, S], EOS last, PAD 0 after it."""

    def start(self, source: Structure, room: Tensor) -> tuple[Structure, Structure]:
        """Return memory and state before the first token, the state with room for so many.

        A state without an axis of time needs no room. One with it may also have `grow(state,
        positions) -> state`, which is called whenever the room is used up.
        """

    def step(
        self, ids: Tensor, position: Tensor, memory: Structure, state: Structure
    ) -> tuple[Tensor, Structure]:
        """Predict the next token of R hypotheses: logits float[R, V] and the new state.

        Args:
            ids: int[R], the token before; 0 at position 0.
            position: int[], what is predicted, from 0.
            memory: as `start` gives it, a row for each hypothesis.
            state: of the position before.
        """


@runtime_checkable
class Refining(Protocol):
    """A model that predicts a target's length, and goes on from what it said at all positions."""

    vocab_size: int

    def encode(self, inputs: Tensor) -> Structure:
        """Encode sources int[B, S], EOS last, PAD 0 after it, once for any number of passes."""

    def length_logits(self, source: Structure) -> Tensor:
        """Logits of the classes −M..M of target length less source length: float[B, 2M + 1]."""

    def refine(
        self, source: Structure, canvas: Canvas, states: Structure = None
    ) -> tuple[Output, Structure]:
        """Predict every position once more.

        Args:
            source: as `encode` gives it.
            canvas: with the tokens of the pass before; the first has none.
            states: of the pass before; None at first.

        Returns:
            Output, and states [B, ...] for the pass after it.
        """


@runtime_checkable
class Fertile(Parallel, Protocol):
    """A parallel model that repeats each source token as often as its fertility says."""

    def fertility_logits(self, source: Structure) -> Tensor:
        """Of each source token, logits of the fertilities 0 to K − 1: float[B, S, K]."""

    def with_fertilities(self, source: Structure, fertilities: Tensor) -> tuple[Structure, Tensor]:
        """Give a source the fertilities int32[B, S], as far as they make a sentence.

        Returns:
            The source to be decoded, and the lengths of its canvas, EOS counted: int32[B].
        """


@runtime_checkable
class LatentVariable(Protocol):
    """A model that predicts discrete latents from a source, and all tokens from both.

    Attributes:
        latent_digits: n, numbers that a latent is made of, each below K.
    """

    vocab_size: int
    latent_digits: int

    def encode(self, inputs: Tensor) -> Structure:
        """Encode sources int[B, S], EOS last, PAD 0 after it."""

    def latent_lengths(self, source: Structure) -> Tensor:
        """How many latents a translation has: int32[B]."""

    def start_latents(self, source: Structure, room: Tensor) -> tuple[Structure, Structure]:
        """Memory and state before the first latent, with room for so many."""

    def step_latents(
        self, latents: Tensor, position: Tensor, memory: Structure, state: Structure
    ) -> tuple[Tensor, Structure]:
        """Logits float[R, n, K] of the n digits of the next latent, and the new state."""

    def latents_of(self, digits: Tensor) -> Tensor:
        """The latents of digits int32[..., n]: int32[...]."""

    def decode_latents(self, source: Structure, latents: Tensor, canvas: Canvas) -> Output:
        """Predict every position of the canvas from latents int32[B, M]."""


# What a protocol has besides vocab_size and `encode`.
_OF_PROTOCOL: dict[type, tuple[str, ...]] = {
    Parallel: ("decode",),
    Stepwise: ("start", "step"),
    Fertile: ("decode", "fertility_logits", "with_fertilities"),
    Refining: ("length_logits", "refine"),
    LatentVariable: (
        "latent_digits",
        "latent_lengths",
        "start_latents",
        "step_latents",
        "latents_of",
        "decode_latents",
    ),
}


def require(network: object, protocol: type, purpose: str) -> None:
    """Refuse a model that lacks what something needs.

    Args:
        network: a model.
        protocol: one of those above.
        purpose: what it is needed for, as "beam search".

    Raises:
        InputError: naming the attributes that are missing.
    """
    names = ("vocab_size", "encode", *_OF_PROTOCOL[protocol])
    left_out = {vars(Network)[name] for name in ("encode", "decode")}
    missing = [
        name
        for name in names
        if not hasattr(network, name) or getattr(type(network), name, None) in left_out
    ]
    if missing:
        raise InputError(
            f"Model '{getattr(network, 'name', type(network).__name__)}' has no "
            f"{' and no '.join(missing)}, which {purpose} needs (models.protocol, "
            f"{protocol.__name__})."
        )
