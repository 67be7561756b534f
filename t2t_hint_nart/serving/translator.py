"""Translate lines of text: load once, translate many."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from t2t_hint_nart.data.problem import TextEncoder
from t2t_hint_nart.data.sentence_batches import in_original_order, sentence_batches
from t2t_hint_nart.decoding.dedup import dedup
from t2t_hint_nart.decoding.rescoring import rank_candidates
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hints.teacher import Teacher
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.models.transformer_nat import TransformerNat
from t2t_hint_nart.serving.autoregressive import beam_decode
from t2t_hint_nart.serving.decodes import Hypothesis
from t2t_hint_nart.serving.export import beam_settings, length_bias_of
from t2t_hint_nart.serving.one_pass import nat_decode
from t2t_hint_nart.serving.trained_model import TrainedModel
from t2t_hint_nart.text import EOS_ID
from t2t_hint_nart.text.reserved import sentence_ids

DEFAULT_BATCH_SIZE = 32
IDS = tf.TensorSpec([None, None], tf.int32)

# inputs int32[B, S] → ids int32[B, K, L], scores float32[B, K], best first.
Decode = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


class Translator:
    """Translate sentences in batches of similar length; the order of the input is kept.

    Args:
        decode: from ids to hypotheses.
        encoders: vocabularies of inputs and targets.
        batch_size: sentences a batch.
        max_input_size: source tokens kept, EOS among them; −1 for all.

    Example:
        translator_of(trained, decode_hparams()).translate(["Guten Tag!"])[0][0].text
    """

    def __init__(
        self,
        decode: Decode,
        encoders: dict[str, TextEncoder],
        batch_size: int = 0,
        max_input_size: int = -1,
    ):
        self._decode = decode
        self._encoders = encoders
        self._batch_size = batch_size or DEFAULT_BATCH_SIZE
        self._max_input_size = max_input_size

    def encode(self, line: str) -> list[int]:
        """Ids of a source line, EOS last."""
        ids = self._encoders["inputs"].encode(line)
        if self._max_input_size > 0:
            ids = ids[: self._max_input_size - 1]
        return [*ids, EOS_ID]

    def translate_ids(
        self,
        sentences: Sequence[Sequence[int]],
        progress: Callable[[int, int], None] | None = None,
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Decode sources given as ids.

        Args:
            sentences: ids, each ending in EOS.
            progress: told (sentences done, sentences in all) after every batch.

        Returns:
            For every sentence, in order: ids int32[K, L] and scores float32[K], best first.
        """
        outputs, indices, done = [], [], 0
        for batch in sentence_batches(sentences, self._batch_size):
            ids, scores = self._decode(tf.constant(batch.inputs))
            outputs.extend(zip(ids.numpy(), scores.numpy(), strict=True))
            indices.append(batch.indices)
            done += len(batch.indices)
            if progress is not None:
                progress(done, len(sentences))
        return in_original_order(outputs, indices)

    def translate(
        self, lines: Sequence[str], progress: Callable[[int, int], None] | None = None
    ) -> list[list[Hypothesis]]:
        """Translate lines.

        Args:
            lines: source sentences.
            progress: told (sentences done, sentences in all) after every batch.

        Returns:
            For every line its hypotheses, best first.
        """
        return self.translate_encoded([self.encode(line) for line in lines], progress)

    def translate_encoded(
        self,
        sentences: Sequence[Sequence[int]],
        progress: Callable[[int, int], None] | None = None,
    ) -> list[list[Hypothesis]]:
        """Translate sources given as ids, each ending in EOS; otherwise as `translate`."""
        return [
            [self._hypothesis(row, score) for row, score in zip(ids, scores, strict=True)]
            for ids, scores in self.translate_ids(sentences, progress)
        ]

    def _hypothesis(self, row: np.ndarray, score: np.ndarray) -> Hypothesis:
        ids = sentence_ids(row)
        return Hypothesis(self._encoders["targets"].decode(ids), float(score), tuple(ids))

    def warm_up(self) -> None:
        """Build the graph with the shortest of sentences, so that the first one takes no longer."""
        self._decode(tf.constant([[EOS_ID]]))


def teacher_decode(model: keras.Model, decode_hparams: HParams) -> Decode:
    """Decode by beam search (or greedily, with a beam of 1).

    Where all beams are asked for, the search ends when none of them can be displaced: it gives the
    list that 1.2.9 has at the length limit. The other rules stop as soon as the best is certain.
    """
    settings = beam_settings(decode_hparams)
    if decode_hparams.return_beams:
        settings = settings._replace(stopping="full_beam")

    @tf.function(input_signature=[IDS], autograph=False)
    def decode(inputs):
        result = beam_decode(model, inputs, settings)
        return result.ids, result.scores

    return decode


def student_decode(
    model: TransformerNat, hparams: HParams, decode_hparams: HParams, teacher: Teacher | None = None
) -> Decode:
    """Decode in one pass; with a halfwidth B > 0 the teacher ranks the 2B + 1 candidates.

    Raises:
        InputError: B > 0 without a teacher.
    """
    length_bias = length_bias_of(hparams, decode_hparams)
    halfwidth = decode_hparams.length_halfwidth
    if halfwidth < 0:
        raise InputError(f"length_halfwidth must be at least 0, not {halfwidth}.")
    if halfwidth and teacher is None:
        raise InputError(
            f"length_halfwidth={halfwidth} (a student's beam_size - 1) gives {2 * halfwidth + 1} "
            "candidates a sentence, which a teacher must rank: give its export with "
            "--teacher_export_dir, or beam_size=1."
        )

    @tf.function(input_signature=[IDS], autograph=False)
    def decode(inputs):
        result = nat_decode(model, inputs, length_bias, halfwidth)
        ids = dedup(result.ids) if decode_hparams.dedup else result.ids
        if teacher is None or not halfwidth:
            return ids, result.log_probs
        return rank_candidates(
            teacher.encode(inputs), ids, teacher.score_encoded, decode_hparams.rescoring_alpha
        )

    return decode


def translator_of(
    trained: TrainedModel, decode_hparams: HParams, teacher: Teacher | None = None
) -> Translator:
    """Return a Translator on a model in memory.

    Args:
        trained: the model with its vocabularies; a student's hparams hold length_bias.
        decode_hparams: see decoding.decode_hparams.
        teacher: ranks a student's candidates.

    Raises:
        InputError: candidates that no teacher ranks, or one of another vocabulary.
    """
    if isinstance(trained.model, TransformerNat):
        if teacher is not None and decode_hparams.length_halfwidth:
            vocabulary = trained.encoders["targets"].fingerprint()
            teacher.check_vocabulary(vocabulary, trained.model.vocab_size)
        decode = student_decode(trained.model, trained.hparams, decode_hparams, teacher)
    else:
        decode = teacher_decode(trained.model, decode_hparams)
    return Translator(
        decode, trained.encoders, decode_hparams.batch_size, decode_hparams.max_input_size
    )
