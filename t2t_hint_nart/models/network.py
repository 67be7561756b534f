"""What a translation model offers, whatever is inside it: the upper border of `models/`.

In: ids. Out: an encoded batch of sentences, logits over a canvas of target positions and, if they
are asked for, probes: tensors from inside, by name. Nothing above `models/` asks for more.
"""

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import keras
from keras import ops

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.losses.term import LossTerm
from t2t_hint_nart.models.length_bias import length_bias

Tensor = Any
# Any nested structure of tensors whose first axis is that of the sentences.
Structure = Any
# A training pair: source ids and target ids, each ending in EOS.
IdPair = tuple[Sequence[int], Sequence[int]]

# What is measured is measured on so many training pairs at most: a mean over them is exact enough.
MEASURED_PAIRS = 200_000

# Names of probes, which `Output.probes` has if they are asked for.
HIDDEN = "hidden"  # float[B, N, T, D], the output r_{t,l} of every decoder layer (paper 2.2)
HIDDEN_NORMED = "hidden_normed"  # the same after the layer norm that reads it
ATTENTION = "attention"  # float[B, N, H, T, S], encoder-decoder weights before dropout
ENCODER_ATTENTION = "encoder_attention"  # float[B, M, H, S, S]
DECODER_ATTENTION = "decoder_attention"  # float[B, N, H, T, T]
POSITIONAL_ATTENTION = "positional_attention"  # float[B, N, H, T, T]


class Canvas(NamedTuple):
    """What a decoder works on: how many positions there are, and which tokens are known.

    Attributes:
        mask: bool[B, T], True = a position of the sentence.
        tokens: int[B, T], known tokens, PAD 0 where none is known; None: nothing but the length.
        known: bool[B, T], positions whose tokens are known, where PAD may be one of them (a
            blank); None: those whose token isn't PAD.
    """

    mask: Tensor
    tokens: Tensor | None = None
    known: Tensor | None = None

    def known_tokens(self) -> Tensor:
        """The tokens, int[B, T].

        Raises:
            ValueError: there are none.
        """
        if self.tokens is None:
            raise ValueError("An autoregressive model needs a canvas with tokens.")
        return self.tokens


class Source(NamedTuple):
    """An encoded batch of sentences; a model may have a structure of its own instead.

    Attributes:
        states: float[B, S, D].
        mask: bool[B, S], True = real token.
        probes: those of the encoder that were asked for.
    """

    states: Tensor
    mask: Tensor
    probes: Mapping[str, Tensor] = {}


class Output(NamedTuple):
    """The result of a pass over a canvas.

    Attributes:
        logits: float[B, L, V].
        mask: bool[B, L], True = a position that predicts something. L is the canvas's length.
        probes: tensors from inside by name, those that were asked for.
        terms: a model's own loss terms by name, such as a fertility's or a length's.
    """

    logits: Tensor
    mask: Tensor
    probes: Mapping[str, Tensor] = {}
    terms: Mapping[str, LossTerm] = {}


# (inputs int32[B, S], targets int32[B, T]) → another model's output under teacher forcing, with the
# probes that terms compare.
Teacher = Callable[[Tensor, Tensor], Output]


class Network(keras.Model):  # type: ignore[misc]
    """A model of an encoder and a decoder over a canvas; subclasses define both.

    Args of a registered model: `(hparams, vocab_size, source_vocab_size=, target_space_id=)`.

    Attributes:
        vocab_size: V, of the target.
        broadcasts_source: whether `decode` takes a source of one sentence for any number of rows.
        is_plain_transformer: whether it computes what Vaswani et al. (2017) do, with weights named
            as an EncoderDecoder's, so that another program may compute it.
    """

    vocab_size: int
    broadcasts_source: ClassVar[bool] = False
    is_plain_transformer: ClassVar[bool] = False

    @property
    def asks_teacher(self) -> bool:
        """Whether training asks a teacher about each batch, by `ask`."""
        return False

    @property
    def asked_probes(self) -> tuple[str, ...]:
        """Names of the probes that `ask` reads of the teacher."""
        return ()

    @classmethod
    def measure(cls, hparams: HParams, pairs: Iterable[IdPair]) -> None:
        """Give hparams that are None the values that the training data have: `length_bias`.

        It is done before the model is built, and what is measured is kept in hparams.json.

        Args:
            hparams: the set, to be changed.
            pairs: of training, read anew by each loop over them.
        """
        if "length_bias" in hparams and hparams.length_bias is None:
            measured = itertools.islice(pairs, MEASURED_PAIRS)
            hparams.length_bias = length_bias(
                (len(source), len(target)) for source, target in measured
            )

    def prepare(self, pairs: Iterable[IdPair], output_dir: str) -> None:
        """Make what training alone needs of its data, or find it in the run's directory: nothing.

        It is done when training starts or goes on; evaluation, decoding and exports do without.

        Args:
            pairs: of training, read anew by each loop over them; their `digest`, if they have one,
                tells them from others.
            output_dir: where it is kept, "" for nowhere.
        """

    def ask(
        self,
        teacher: Teacher,
        inputs: Tensor,
        targets: Tensor,
        batch_mean: Callable[[Tensor], Tensor],
    ) -> Structure:
        """Ask a teacher what a step of training needs to know; gradients never see it.

        Args:
            teacher: answers for any targets, such as what the model would say itself.
            inputs: as of `call`.
            targets: as of `call`.
            batch_mean: from float[B] to the mean over the whole batch, other replicas' part among
                it.

        Returns:
            What `call` takes as `advice`.
        """
        raise NotImplementedError

    def encode(
        self, inputs: Tensor, training: bool = False, probes: Collection[str] = ()
    ) -> Structure:
        """As `Parallel.encode`, with dropout in training and the probes that are the encoder's."""
        raise NotImplementedError

    def decode(
        self,
        source: Structure,
        canvas: Canvas,
        training: bool = False,
        probes: Collection[str] = (),
    ) -> Output:
        """As `Parallel.decode`, with dropout in training and the probes of these names."""
        raise NotImplementedError

    def call(
        self,
        inputs: Tensor,
        targets: Tensor,
        training: bool = False,
        probes: Collection[str] = (),
    ) -> Output:
        """Predict targets that are known, as in training: `decode` over their positions.

        Args:
            inputs: int[B, S] source ids, ending in EOS, PAD 0 after it.
            targets: int[B, T] target ids, likewise.
            training: whether dropout is on.
            probes: names of those to make.
        """
        targets = ops.cast(targets, "int32")
        canvas = Canvas(ops.not_equal(targets, 0), targets)
        source = self.encode(inputs, training=training, probes=probes)
        return self.decode(source, canvas, training=training, probes=probes)

    def grow(self, state: Structure, positions: int) -> Structure:
        """Give a search's state room for more positions; a state without time needs none."""
        del positions
        return state

    def probe_sizes(self) -> dict[str, dict[str, int]]:
        """What there is to probe: by name the sizes that never change, as "layers" or "heads"."""
        return {}


def measure(model: Any, hparams: HParams, pairs: Iterable[IdPair]) -> None:
    """As `Network.measure`, of a registered model that needn't be a Network."""
    getattr(model, "measure", Network.measure)(hparams, pairs)


def prepare(network: keras.Model, pairs: Iterable[IdPair], output_dir: str) -> None:
    """As `Network.prepare`; a model that isn't a Network needs nothing."""
    if hasattr(network, "prepare"):
        network.prepare(pairs, output_dir)


def probe_sizes(network: keras.Model) -> dict[str, dict[str, int]]:
    """Return `Network.probe_sizes`, of a model that isn't a Network none."""
    sizes: dict[str, Any] = getattr(network, "probe_sizes", dict)()
    return {name: dict(values) for name, values in sizes.items()}


def asked_probes(network: keras.Model) -> tuple[str, ...]:
    """Return `Network.asked_probes`, of a model that isn't a Network none."""
    return tuple(getattr(network, "asked_probes", ()))


def forward(
    network: keras.Model,
    inputs: Tensor,
    targets: Tensor,
    training: bool = False,
    probes: Collection[str] = (),
    canvas: Canvas | None = None,
    advice: Structure = None,
) -> Output:
    """Call a network; one that returns logits alone is understood as predicting every target.

    Args and results as `Network.call`; a model without probes, without a canvas that isn't of its
    own making or without advice (`Network.ask`) need not know the argument.

    Raises:
        InputError: the result is neither an `Output` nor logits float[B, T, V].
    """
    asked: dict[str, Any] = {"probes": tuple(probes)} if probes else {}
    if canvas is not None:
        asked["canvas"] = canvas
    if advice is not None:
        asked["advice"] = advice
    result = network(inputs, targets, training=training, **asked)
    if isinstance(result, Output):
        terms = {
            name: LossTerm(*map(_at_least_float32, term)) for name, term in result.terms.items()
        }
        return result._replace(logits=_at_least_float32(result.logits), terms=terms)
    shape = getattr(result, "shape", None)
    if shape is None or len(shape) != 3:
        what = type(result).__name__ if shape is None else f"a tensor of shape {tuple(shape)}"
        raise InputError(
            f"Model '{network.name}' returns {what}; an Output of models.network is needed, or "
            "logits [sentences, positions, vocabulary]."
        )
    return Output(_at_least_float32(result), ops.not_equal(targets, 0))


def _at_least_float32(tensor: Tensor) -> Tensor:
    """As `layers.precision` does, which what asks for this border must not reach through it."""
    tensor = ops.convert_to_tensor(tensor)
    return ops.cast(tensor, keras.backend.result_type(tensor.dtype, "float32"))
