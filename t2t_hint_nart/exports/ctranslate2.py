"""CTranslate2: the fastest beam search on a CPU, for Transformer teachers.

The weights are laid out as its Transformer has them: T2T's timing signal and target-space embedding
become its position encodings, PAD's zero embedding the first decoder input. Opening an export needs
`ctranslate2` and no TensorFlow.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from t2t_hint_nart.decoding import GREEDY
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.metadata import DECODE, SCORE, SCORES, TRANSLATES, ExportMetadata
from t2t_hint_nart.exports.plain_text import PlainTextServable, Tensors
from t2t_hint_nart.exports.vocabulary_files import write_vocabularies
from t2t_hint_nart.text import EOS_ID, PAD_ID

if TYPE_CHECKING:
    import keras

    from t2t_hint_nart.data.problem import TextEncoder
    from t2t_hint_nart.decoding.strategy import Strategy

_EXTRA = 'pip install "t2t-hint-nart[ctranslate2]"'
# Positions of source and target; longer sentences are refused.
MAX_POSITIONS = 2048
# Processing sequences of the two architectures that it has.
_PRE_NORM, _POST_NORM = ("n", "da"), ("none", "dan")


def _library() -> Any:
    try:
        import ctranslate2
    except ImportError as error:
        raise InputError(f"CTranslate2 isn't installed: {_EXTRA}") from error
    return ctranslate2


class CTranslate2Runtime:
    """Writes and opens CTranslate2's models (`exports.runtime.Runtime`).

    Attributes:
        quantization: of the stored weights, as CTranslate2 names it; "" for float32.
    """

    quantization = ""

    def offers(self, strategy: "Strategy", capabilities: Sequence[str]) -> tuple[str, ...]:
        """It translates and scores; args as `Runtime.offers`."""
        del strategy
        return tuple(name for name in (TRANSLATES, SCORES) if name in capabilities)

    def write(
        self,
        network: "keras.Model",
        strategy: "Strategy",
        encoders: "dict[str, TextEncoder]",
        capabilities: Sequence[str],
        directory: Path,
    ) -> None:
        """Lay a Transformer out; args as `Runtime.write`.

        Raises:
            InputError: it isn't one that CTranslate2 can compute, or that isn't installed.
        """
        del capabilities
        _library()
        _check_architecture(network, strategy)
        spec = _spec(network, strategy.hparams)
        for register, side in (
            (spec.register_source_vocabulary, "inputs"),
            (spec.register_target_vocabulary, "targets"),
        ):
            # Ids as words: what they stand for is the vocabulary file's to know.
            register([str(id_) for id_ in range(encoders[side].vocab_size)])
        spec.config.bos_token = spec.config.decoder_start_token = str(PAD_ID)
        spec.config.unk_token = str(PAD_ID)
        spec.config.eos_token = str(EOS_ID)
        spec.config.layer_norm_epsilon = 1e-6
        spec.validate()
        if self.quantization:
            spec.optimize(quantization=self.quantization)
        spec.save(str(directory))
        write_vocabularies(directory, encoders)

    def open(self, directory: Path, metadata: ExportMetadata) -> "OpenCTranslate2":
        """Load a model.

        Raises:
            InputError: CTranslate2 isn't installed, or the files are damaged.
        """
        return OpenCTranslate2(directory, metadata)


class CTranslate2Int8Runtime(CTranslate2Runtime):
    """CTranslate2 with weights of 8 bits: a quarter of the size, and faster."""

    quantization = "int8"


class OpenCTranslate2(PlainTextServable):
    """A CTranslate2 model in memory (`exports.runtime.Servable`).

    Args:
        directory: of the export.
        metadata: what it says of itself.
        threads: of one call.
    """

    def __init__(self, directory: Path, metadata: ExportMetadata, threads: int = 1):
        library = _library()
        try:
            self._translator = library.Translator(
                str(directory), device="cpu", inter_threads=1, intra_threads=threads
            )
        except (RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"{directory} can't be loaded: {reason}") from error
        super().__init__(directory, metadata, (DECODE, GREEDY, SCORE))
        self._settings = metadata.decode_hparams

    def call(self, signature: str, **tensors: Any) -> Tensors:
        """Search, or score given targets; see `Servable.call`."""
        self.require(signature)
        sources = [list(map(str, ids)) for ids in self.accepted(tensors["inputs"])]
        if signature == SCORE:
            return self._score(sources, np.asarray(tensors["targets"]))
        return self._decode(sources, 1 if signature == GREEDY else None)

    def _decode(self, sources: list[list[str]], beam_size: int | None) -> Tensors:
        """The best translation by T2T's penalty among those that the beam finished with."""
        settings: dict[str, Any] = dict(self._settings)
        alpha, beam_size = float(settings["alpha"]), beam_size or int(settings["beam_size"])
        # A source without a word has the empty translation, as in `decoding.sources`.
        best: list[tuple[list[int], float]] = [([EOS_ID], 0.0)] * len(sources)
        # The limit is a sentence's own, and one call has one.
        for length, indices in _by_length(sources).items():
            if length < 2:
                continue
            results = self._translator.translate_batch(
                [sources[index] for index in indices],
                beam_size=beam_size,
                num_hypotheses=beam_size,
                length_penalty=0,
                min_decoding_length=0,
                max_decoding_length=length + int(settings["extra_length"]),
                max_input_length=0,
                suppress_sequences=[[str(PAD_ID)]],
                return_end_token=True,
                return_scores=True,
            )
            for index, result in zip(indices, results, strict=True):
                scored = [
                    ([int(word) for word in words], score / length_penalty(len(words), alpha))
                    for words, score in zip(result.hypotheses, result.scores, strict=True)
                ]
                best[index] = max(scored, key=lambda pair: pair[1])
        return {
            "outputs": _padded([ids for ids, _ in best]),
            "scores": np.array([score for _, score in best], np.float32),
        }

    def _score(self, sources: list[list[str]], targets: np.ndarray) -> Tensors:
        """Log probabilities of targets that end in EOS, which CTranslate2 appends itself."""
        rows = [_words(row) for row in targets]
        share = len(rows) // max(len(sources), 1)
        sources = [source for source in sources for _ in range(share)]
        results = self._translator.score_batch(
            sources, [row[:-1] for row in rows], max_input_length=0
        )
        tokens = [np.array(result.log_probs, np.float32) for result in results]
        return {
            "log_prob": np.array([log_probs.sum() for log_probs in tokens], np.float32),
            "token_log_prob": _padded(tokens, np.float32),
        }


def length_penalty(length: int, alpha: float) -> float:
    """((5 + length) / 6)^alpha, EOS counted (Wu et al. 2016; T2T beam_search).

    Example:
        >>> length_penalty(7, 1.0)
        2.0
    """
    return ((5.0 + length) / 6.0) ** alpha


def _words(row: Any) -> list[str]:
    return [str(int(id_)) for id_ in row if id_ != PAD_ID]


def _by_length(sources: Sequence[Sequence[str]]) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = {}
    for index, source in enumerate(sources):
        groups.setdefault(len(source), []).append(index)
    return groups


def _padded(rows: Sequence[Any], dtype: Any = np.int32) -> np.ndarray:
    width = max((len(row) for row in rows), default=0)
    padded = np.zeros((len(rows), width), dtype)
    for place, row in zip(padded, rows, strict=True):
        place[: len(row)] = row
    return padded


def _check_architecture(network: Any, strategy: "Strategy") -> None:
    """Refuse what CTranslate2's Transformer can't be.

    Raises:
        InputError: naming the first thing.
    """
    from t2t_hint_nart.decoding.beam import Beam

    hparams = strategy.hparams
    sequences = (hparams.layer_preprocess_sequence, hparams.layer_postprocess_sequence)
    is_plain = getattr(network, "is_plain_transformer", False)
    if not is_plain or not isinstance(strategy, Beam):
        reason = f"a model '{network.name}' that isn't a Transformer decoded by a search"
    elif sequences not in (_PRE_NORM, _POST_NORM):
        reason = f"the processing sequences {'/'.join(sequences)}, only n/da and none/dan"
    elif hparams.self_attention_type != "dot_product":
        reason = f"self_attention_type={hparams.self_attention_type}"
    elif hparams.attention_key_channels or hparams.attention_value_channels:
        reason = "attention_key_channels or attention_value_channels"
    else:
        return
    raise InputError(f"CTranslate2 can't compute {reason}; export with --format=saved_model.")


def _spec(network: Any, hparams: Any) -> Any:
    """The weights as CTranslate2 names them."""
    from ctranslate2.specs import transformer_spec

    from t2t_hint_nart.models.variables import named_variables

    weights = {name: value.numpy() for name, value in named_variables(network).items()}
    pre_norm = hparams.layer_preprocess_sequence == "n"
    encoder_layers, decoder_layers = network.encoder.num_layers, network.num_decoder_layers
    spec = transformer_spec.TransformerSpec.from_config(
        (encoder_layers, decoder_layers), hparams.num_heads, pre_norm=pre_norm
    )
    _set_embeddings(spec, weights, network, hparams)
    for index in range(encoder_layers):
        _set_layer(spec.encoder.layer[index], weights, f"encoder/layer_{index}", pre_norm)
    for index in range(decoder_layers):
        _set_layer(spec.decoder.layer[index], weights, f"layer_{index}", pre_norm)
    if pre_norm:
        _set_norm(spec.encoder.layer_norm, weights, "encoder/final")
        _set_norm(spec.decoder.layer_norm, weights, "final")
    return spec


def _set_embeddings(spec: Any, weights: Mapping[str, np.ndarray], network: Any, hparams: Any):
    from t2t_hint_nart.layers.timing_signal import timing_signal

    softmax = weights["softmax/table"]
    # PAD's embedding is zero, and so is what the decoder reads before its first token.
    source, target = (weights.get(f"{side}_embedding/table", softmax) for side in _SIDES)
    spec.encoder.embeddings[0].weight = _without_pad(source)
    spec.decoder.embeddings.weight = _without_pad(target)
    spec.decoder.projection.weight = softmax
    width = network.hidden_size
    encodings = np.zeros((MAX_POSITIONS, width), np.float32)
    if network.has_timing:
        encodings += np.array(timing_signal(np.arange(MAX_POSITIONS), width))
    space = weights["encoder/target_space_embedding"][network.encoder.target_space_id]
    spec.encoder.position_encodings.encodings = encodings + space
    spec.decoder.position_encodings.encodings = encodings


_SIDES = ("input", "target")


def _without_pad(table: np.ndarray) -> np.ndarray:
    table = table.copy()
    table[PAD_ID] = 0.0
    return table


def _set_layer(layer: Any, weights: Mapping[str, np.ndarray], name: str, pre_norm: bool) -> None:
    """One layer: self-attention, perhaps attention to the source, feed forward."""
    where = "pre" if pre_norm else "post"
    parts: list[tuple[Any, str, tuple[str, ...]]] = [
        (layer.self_attention, "self_attention", ("qkv",))
    ]
    if hasattr(layer, "attention"):
        parts.append((layer.attention, "encdec_attention", ("q", "kv")))
    for attention, part, groups in parts:
        _set_norm(attention.layer_norm, weights, f"{name}/{part}_{where}")
        for linear, letters in zip(attention.linear, (*groups, "output"), strict=True):
            _set_linear(linear, weights, f"{name}/{part}", letters)
    _set_norm(layer.ffn.layer_norm, weights, f"{name}/ffn_{where}")
    _set_linear(layer.ffn.linear_0, weights, f"{name}/ffn", "conv1", "")
    _set_linear(layer.ffn.linear_1, weights, f"{name}/ffn", "conv2", "")


def _set_norm(norm: Any, weights: Mapping[str, np.ndarray], name: str) -> None:
    norm.gamma, norm.beta = weights[f"{name}/norm/gamma"], weights[f"{name}/norm/beta"]


def _set_linear(
    linear: Any,
    weights: Mapping[str, np.ndarray],
    where: str,
    name: str,
    suffix: str = "_transform",
) -> None:
    """A projection, of T2T 1.15 one for each letter, side by side here."""
    whole = f"{where}/{name}{suffix}"
    names = [whole]
    if f"{whole}/kernel" not in weights:
        names = [f"{where}/{letter}{suffix}" for letter in name]
    kernels = [weights[f"{one}/kernel"] for one in names]
    linear.weight = np.ascontiguousarray(np.concatenate(kernels, axis=1).T)
    if f"{whole}/bias" in weights:
        linear.bias = weights[f"{whole}/bias"]
