"""What the signatures of a SavedModel compute: translations, scores, hints."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.data.problem import TextEncoder
from t2t_hint_nart.decoding.sources import best
from t2t_hint_nart.decoding.strategy import IDS, LEAST_INPUT_SIZE, Strategy
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports import metadata as names
from t2t_hint_nart.exports.any_batch import for_any_batch, traced
from t2t_hint_nart.exports.scoring import Scoring, specs_of_encoded
from t2t_hint_nart.models.network import forward, probe_sizes
from t2t_hint_nart.text import EOS_ID

# Also for its side effect: a SavedModel with a tokenizer in it needs tf-text's ops.
from t2t_hint_nart.text.graph import SubwordGraph, TokenGraph, sentences
from t2t_hint_nart.text.graph_rows import padded
from t2t_hint_nart.text.subword import SubwordTextEncoder
from t2t_hint_nart.text.token import TokenTextEncoder

_STRINGS = tf.TensorSpec([None], tf.string)


def signatures(
    network: keras.Model, strategy: Strategy, text: tuple[Any, Any], capabilities: Sequence[str]
) -> dict[str, Any]:
    """The graph functions of an export by the names of their signatures.

    Args:
        network: a model that has been built.
        strategy: how it decodes.
        text: the vocabularies of inputs and targets, as `text_graphs`.
        capabilities: what the export offers besides translations (exports.metadata).
    """
    limit = strategy.exported_input_size
    functions = _translating(network, strategy, *text)
    if names.SCORES in capabilities:
        functions |= _scoring(network, limit)
    if names.GIVES_HINTS in capabilities:
        functions[names.HINTS] = _hints(network, limit)
    return functions | {
        name: traced(signature.function, *signature.inputs, limit=limit)
        for name, signature in strategy.signatures(network).items()
    }


def compared_probes(network: keras.Model) -> dict[str, dict[str, int]]:
    """The probes of a network that some registered term compares, with their sizes."""
    compared = {name for term in registry.terms().values() for name in term.probes}
    return {name: sizes for name, sizes in probe_sizes(network).items() if name in compared}


def _text_graph(encoder: TextEncoder) -> SubwordGraph | TokenGraph:
    """The vocabulary as operations.

    Raises:
        InputError: there are none for its kind.
    """
    if isinstance(encoder, SubwordTextEncoder):
        return SubwordGraph(encoder.subtokens)
    if isinstance(encoder, TokenTextEncoder):
        return TokenGraph(encoder)
    raise InputError(
        "Only vocabularies of subwords or words can be exported with their text, not a "
        f"{type(encoder).__name__}."
    )


def text_graphs(encoders: dict[str, TextEncoder]) -> tuple[Any, Any]:
    """Those of inputs and targets, the same if the vocabularies are."""
    source = _text_graph(encoders["inputs"])
    shared = encoders["targets"].fingerprint() == encoders["inputs"].fingerprint()
    return source, source if shared else _text_graph(encoders["targets"])


def _translating(
    network: keras.Model, strategy: Strategy, source: Any, target: Any
) -> dict[str, Any]:
    """The signatures of every export."""
    limit = strategy.exported_input_size

    def decode(inputs):
        return best(strategy(network, inputs), inputs)

    decoding = traced(decode, IDS, limit=limit)

    def serve_text(text):
        # Cut by `decoding`, so that one token more than the limit doesn't matter.
        decoded = decoding(padded(source.encode(sentences(text)), limit, EOS_ID))
        return {"outputs": target.decode(decoded["outputs"]), "scores": decoded["scores"]}

    def serve_examples(input):
        parsed = tf.io.parse_example(input, {"inputs": tf.io.VarLenFeature(tf.int64)})
        some = tf.sparse.slice(parsed["inputs"], [0, 0], [tf.size(input, tf.int64), limit + 1])
        return decoding(tf.cast(tf.sparse.to_dense(some), tf.int32))

    return {
        names.SERVING: traced(serve_text, _STRINGS),
        names.EXAMPLE: traced(serve_examples, _STRINGS),
        names.DECODE: decoding,
    }


def _check_targets(targets: tf.Tensor, limit: int) -> None:
    """Refuse targets that no source within the limit has."""
    longest = limit + LEAST_INPUT_SIZE
    told = f"Targets may have {longest} tokens (max_input_size + {LEAST_INPUT_SIZE})."
    tf.debugging.assert_less_equal(tf.shape(targets)[1], longest, told)


def _scoring(network: keras.Model, limit: int) -> dict[str, Any]:
    """Log-probabilities of given sentences, with the source encoded once or along with them."""
    scoring = Scoring(network)

    def score(inputs, targets):
        _check_targets(targets, limit)
        return scoring.score(inputs, targets)

    def within_limit(function):
        def checked(*tensors):
            _check_targets(tensors[-1], limit)
            return function(*tensors)

        return checked

    encoding = traced(scoring.encode, IDS, limit=limit)
    specs = specs_of_encoded(encoding)
    return {
        names.SCORE: traced(score, IDS, IDS, limit=limit),
        names.ENCODE: encoding,
        names.SCORE_ENCODED: for_any_batch(within_limit(scoring.score_encoded), specs),
        names.CHOOSE: for_any_batch(within_limit(scoring.choose), specs),
    }


def _hints(network: keras.Model, limit: int) -> Any:
    """Logits and the probes that terms compare, under teacher forcing."""
    probes = tuple(compared_probes(network))

    def hints(inputs, targets):
        tf.debugging.assert_less_equal(
            tf.shape(inputs)[1], limit, f"Sources may have {limit} tokens (max_input_size)."
        )
        _check_targets(targets, limit)
        output = forward(network, inputs, targets, probes=probes)
        return {"logits": output.logits, **output.probes}

    return traced(hints, IDS, IDS)
