"""CTranslate2: the fastest beam search on a CPU, for Transformer teachers.

The weights are laid out as its Transformer has them: T2T's timing signal and target-space embedding
become its position encodings, PAD's zero embedding the first decoder input. Opening an export needs
`ctranslate2` and no TensorFlow.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from t2t_hint_nart.decoding import GREEDY
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.device import Device
from t2t_hint_nart.exports.metadata import DECODE, SCORE, SCORES, TRANSLATES, ExportMetadata
from t2t_hint_nart.exports.plain_text import PlainTextServable, Tensors
from t2t_hint_nart.exports.vocabulary_files import write_vocabularies
from t2t_hint_nart.process.proc_file import CPU_INFO, proc_values
from t2t_hint_nart.process.threads import threads_of_a_call
from t2t_hint_nart.text import EOS_ID, PAD_ID

if TYPE_CHECKING:
    import keras

    from t2t_hint_nart.data.problem import TextEncoder
    from t2t_hint_nart.decoding.strategy import Strategy

_EXTRA = 'pip install "t2t-hint-nart[ctranslate2]"'
_CPU = Device("cpu")
# Processing sequences of the two architectures that it has.
_PRE_NORM, _POST_NORM = ("n", "da"), ("none", "dan")
# Whether CTranslate2 multiplies by Intel's library, which by itself it does on Intel's CPUs alone.
_USE_MKL = "CT2_USE_MKL"


def _library() -> Any:
    if _lacks_exact_products():
        os.environ.setdefault(_USE_MKL, "1")
    try:
        import ctranslate2
    except ImportError as error:
        raise InputError(f"CTranslate2 isn't installed: {_EXTRA}") from error
    return ctranslate2


def _lacks_exact_products(cpuinfo: str | Path = CPU_INFO) -> bool:
    """Whether products of eight bits overflow 16 bits in oneDNN, which CTranslate2 takes elsewhere.

    So they do on x86 without VNNI instructions; MKL's are exact there.
    """
    flags = proc_values(cpuinfo, "flags")
    return bool(flags) and "vnni" not in flags[0]


class CTranslate2Runtime:
    """Writes and opens CTranslate2's models (`exports.runtime.Runtime`).

    Attributes:
        quantization: of the stored weights, as CTranslate2 names it; "" for float32.
    """

    needs = ("ctranslate2", _EXTRA)
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
        from t2t_hint_nart.exports.ctranslate2_layout import transformer_spec

        longest = strategy.exported_input_size + strategy.settings.extra_length
        spec = transformer_spec(network, strategy.hparams, longest)
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

    def open(
        self, directory: Path, metadata: ExportMetadata, device: Device = _CPU
    ) -> "OpenCTranslate2":
        """Load a model.

        Raises:
            InputError: CTranslate2 isn't installed, the files are damaged, or there is no such GPU.
        """
        return OpenCTranslate2(directory, metadata, device=device)


class CTranslate2Int8Runtime(CTranslate2Runtime):
    """CTranslate2 with weights of 8 bits: a quarter of the size, and faster."""

    quantization = "int8"


class OpenCTranslate2(PlainTextServable):
    """A CTranslate2 model in memory (`exports.runtime.Servable`).

    Args:
        directory: of the export.
        metadata: what it says of itself.
        device: where it computes; a CPU unless a GPU is asked for.
    """

    def __init__(
        self,
        directory: Path,
        metadata: ExportMetadata,
        device: Device = _CPU,
    ):
        library = _library()
        try:
            self._translator = library.Translator(
                str(directory),
                device="cuda" if device.kind == "gpu" else "cpu",
                device_index=device.number,
                inter_threads=1,
                intra_threads=threads_of_a_call(),
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
        alpha, beam_size = float(settings["alpha"]), beam_size or int(settings.get("beam_size", 1))
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
                best[index] = _best(result, alpha)
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


def _best(result: Any, alpha: float) -> tuple[list[int], float]:
    """The ids and the score of the best hypothesis of a TranslationResult.

    What has no end within the limit is one where nothing has, and is compared without a penalty
    (`decoding.search.Hypotheses`).
    """
    hypotheses = [[int(word) for word in words] for words in result.hypotheses]
    ended = [ids[-1:] == [EOS_ID] for ids in hypotheses]
    scored = [
        (ids, score / length_penalty(len(ids), alpha if any(ended) else 0.0))
        for ids, score, has_end in zip(hypotheses, result.scores, ended, strict=True)
        if has_end or not any(ended)
    ]
    return max(scored, key=lambda pair: pair[1])


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
