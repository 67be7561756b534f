"""The one-pass Transformer whose decoder reads each source token as often as its fertility says."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import keras
from keras import ops

from t2t_hint_nart.data.ibm_model_2 import measure_word_alignment
from t2t_hint_nart.data.word_alignment import WordAlignment
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.linear import linear, unit_scaling
from t2t_hint_nart.layers.precision import at_least_float32
from t2t_hint_nart.layers.timing_signal import timing_signal
from t2t_hint_nart.losses.term import LossTerm
from t2t_hint_nart.models.fertility import (
    admitted,
    aligned_fertilities,
    alignment_scores,
    attention_scores,
    fertility_loss,
    is_word,
    repeated,
)
from t2t_hint_nart.models.fertility_tuning import Judgement, judge, tuning_terms
from t2t_hint_nart.models.network import (
    ATTENTION,
    Canvas,
    IdPair,
    Output,
    Source,
    Teacher,
)
from t2t_hint_nart.models.transformer_nat import CopiedSource, TransformerNat

# Word alignments are made of so many pairs, the first: their table is a constant of the graph.
ALIGNED_PAIRS = 200_000
# In the run's directory.
ALIGNMENT_FILE = "word_alignment.npz"


class FertileSource(NamedTuple):
    """What the decoder needs of a source.

    Attributes:
        source: the encoder's output.
        copied: float[B, S, D], what the decoder's input is made of.
        words: bool[B, S], True = neither EOS nor padding.
        logits: float[B, S, K], of fertilities.
        fertilities: int32[B, S], how often each is repeated.
    """

    source: Source
    copied: Any
    words: Any
    logits: Any
    fertilities: Any


class Advice(NamedTuple):
    """What a teacher says of a batch.

    Attributes:
        scores: float[B, T, S], `attention_scores`; None where word alignments decide.
        judgement: of what the student says itself; None in the first stage.
    """

    scores: Any = None
    judgement: Judgement | None = None


class TransformerNatFertility(TransformerNat):
    """A student whose length is the sum of predicted fertilities (Gu et al. 2018).

    A linear layer on the encoder's output predicts of each source token, of `fertility_classes`,
    how many target tokens it becomes; the decoder reads the source embeddings, with their
    positions, each repeated so often; all else is as in `TransformerNat`. In training fertilities
    are those of word alignments of the training data (by a table of its first 200,000 pairs), or of
    the teacher's attention (fertility_alignment), and their cross-entropy is the term `fertility`;
    else they are predicted, also where targets of another length are evaluated, for which they are
    stretched.

    With reverse_kl_weight or fertility_reward_weight a teacher also reads what the student says
    itself (`tuning_terms`), which is the authors' second stage.

    The authors' targets have no EOS. Here EOS is a source token of fertility 1 that says EOS, so
    that criteria, hints and scores are those of every model, and the sum is the length.

    Left out of the authors' model: norms after a sublayer, attention divided by √D and decoder
    layer l attending to encoder layer l.

    Args:
        hparams: a transformer_nat_fertility set.
        vocab_size: V.
        source_vocab_size: of the source; V when None.
        target_space_id: T2T's space id of the target language.
    """

    def __init__(self, hparams: HParams, vocab_size: int, **kwargs):
        super().__init__(hparams, vocab_size, **kwargs)
        self.copy_source = _as_it_is
        self.fertility = linear(
            self.hidden_size,
            hparams.fertility_classes,
            unit_scaling(hparams.initializer_gain),
            name="fertility",
        )
        self.word_alignment: WordAlignment | None = None
        self.aligns_by_attention = hparams.fertility_alignment == "attention"
        self.is_tuned = bool(hparams.reverse_kl_weight or hparams.fertility_reward_weight)
        if self.is_tuned:
            self.draws = keras.random.SeedGenerator()

    @property
    def asks_teacher(self) -> bool:
        """Whether its attention aligns, or it reads what the student says."""
        return self.aligns_by_attention or self.is_tuned

    @property
    def asked_probes(self) -> tuple[str, ...]:
        """The attention that aligns."""
        return (ATTENTION,) if self.aligns_by_attention else ()

    def ask(self, teacher: Teacher, inputs, targets, batch_mean: Callable[[Any], Any]) -> Advice:
        """Take alignments and a judgement from a teacher; args as `Network.ask`."""
        scores = judgement = None
        if self.aligns_by_attention:
            scores = attention_scores(teacher(inputs, targets).probes[ATTENTION])
        if self.is_tuned:
            judgement = judge(self, teacher, inputs, self._sampled, batch_mean)
        return Advice(scores, judgement)

    def _sampled(self, logits):
        """Draw fertilities: float[B, S, K] → int32[B, S]."""
        rows = ops.reshape(logits, (-1, logits.shape[-1]))
        drawn = keras.random.categorical(rows, 1, dtype="int32", seed=self.draws)
        return ops.reshape(drawn, ops.shape(logits)[:-1])

    def prepare(self, pairs: Iterable[IdPair], output_dir: str) -> None:
        """Align the words of the training data, or read the alignment from the run's directory.

        One of other data than these is measured anew: nothing was trained with it, for where a
        checkpoint was, other data are refused before. One that doesn't say what it is of, an
        earlier version's, is taken as it is.

        Args:
            pairs: as of `Network.prepare`.
            output_dir: where the alignment is kept, "" for nowhere.

        Raises:
            InputError: the alignment that is there is damaged, or of another vocabulary.
        """
        if self.aligns_by_attention:
            return
        path = Path(output_dir, ALIGNMENT_FILE)
        digest = getattr(pairs, "digest", "")
        alignment = WordAlignment.read(path) if output_dir and path.exists() else None
        if alignment is None or alignment.is_of_others(digest):
            measured = measure_word_alignment(islice(pairs, ALIGNED_PAIRS), self.vocab_size)
            alignment = replace(measured, digest=digest)
            if output_dir:
                alignment.write(path)
        if alignment.vocab_size != self.vocab_size:
            raise InputError(
                f"{path} is of {alignment.vocab_size} target ids, the model of "
                f"{self.vocab_size}; give another output_dir."
            )
        self.word_alignment = alignment

    def encode(self, inputs, training=False, probes=()) -> Any:
        """Encode a source, with its most probable fertilities: int[B, S] → FertileSource."""
        encoded, copied = super().encode(inputs, training=training, probes=probes)
        if self.has_timing:
            positions = ops.arange(ops.shape(inputs)[1])
            copied = copied + timing_signal(positions, self.hidden_size, copied.dtype)
        words = is_word(inputs)
        logits = at_least_float32(self.fertility(encoded.states))
        best = ops.cast(ops.argmax(logits, axis=-1), "int32")
        return FertileSource(encoded, copied, words, logits, admitted(best, words, encoded.mask))

    def fertility_logits(self, source: FertileSource):
        """Of each source token: float[B, S, K] for fertilities 0 to K − 1."""
        return source.logits

    def with_fertilities(self, source: FertileSource, fertilities):
        """Choose other fertilities, int32[B, S]; they are `admitted`.

        Returns:
            The source to be decoded, and the lengths of its canvas, EOS counted: int32[B].
        """
        fertilities = admitted(fertilities, source.words, source.source.mask)
        return source._replace(fertilities=fertilities), ops.sum(fertilities, axis=1)

    def call(
        self, inputs, targets, training=False, probes=(), canvas=None, advice: Advice | None = None
    ) -> Output:
        """Predict targets: in training by the fertilities that they have.

        Args and returns as `TransformerNat.call`, and in training what `ask` gave as `advice`.

        Raises:
            InputError: it is to be trained, and `prepare` wasn't called.
        """
        source = self.encode(inputs, training=training, probes=probes)
        terms: dict[str, LossTerm] = {}
        if training:
            advice = advice or Advice()
            fertilities = self._aligned(inputs, targets, advice)
            terms["fertility"] = fertility_loss(source.logits, fertilities, source.words)
            if advice.judgement is not None:
                terms |= tuning_terms(self, inputs, source, source.words, advice.judgement)
            source = source._replace(fertilities=fertilities)
        canvas = self.empty_canvas(inputs, targets) if canvas is None else canvas
        output = self.decode(source, canvas, training=training, probes=probes)
        return output._replace(terms=terms)

    def _aligned(self, inputs, targets, advice: Advice):
        scores = advice.scores
        if scores is None:
            if self.word_alignment is None:
                raise InputError(
                    "the fertilities of training pairs aren't known: call prepare(pairs, "
                    "output_dir) before the first step of training, or with fertility_alignment="
                    "attention give the teacher's advice."
                )
            scores = alignment_scores(self.word_alignment, inputs, targets)
        return aligned_fertilities(scores, inputs, targets)

    def decode(self, source, canvas: Canvas, training=False, probes=()) -> Output:
        """As `TransformerNat.decode`; a canvas of another length than Σ fertilities will do."""
        copied = repeated(source.copied, source.fertilities, canvas.mask)
        return super().decode(
            CopiedSource(source.source, copied), canvas, training=training, probes=probes
        )


def _as_it_is(copied, source_mask, target_mask):
    """The decoder's input, which is already on the canvas."""
    del source_mask, target_mask
    return copied
