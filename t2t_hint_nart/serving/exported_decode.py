"""Decode with exports: one model, or a student whose candidates a teacher ranks."""

import tensorflow as tf

from t2t_hint_nart.decoding.rescoring import rank_candidates
from t2t_hint_nart.exports.exported_model import ExportedModel
from t2t_hint_nart.exports.metadata import CANDIDATES, DECODE
from t2t_hint_nart.hints.teacher import Teacher
from t2t_hint_nart.serving.translator import IDS, Decode


def export_decode(exported: ExportedModel, signature: str = DECODE) -> Decode:
    """Return the decoding of one signature: a teacher's `decode` or `greedy`, a student's `decode`.

    Raises:
        InputError: the export lacks the signature.
    """
    exported.require(signature)

    def decode(inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        result = exported.call(signature, inputs=inputs)
        return result["outputs"][:, None], result["scores"][:, None]

    return decode


def rescored_decode(
    student: ExportedModel, teacher: Teacher, halfwidth: int, alpha: float = 0.0
) -> Decode:
    """Return the student's 2B + 1 candidates, ranked by the teacher, all in one graph.

    Args:
        student: an exported `transformer_nat`.
        teacher: scores them.
        halfwidth: B.
        alpha: of the length penalty on the teacher's scores; 0 in the paper.

    Raises:
        InputError: the export isn't a student's, or the teacher has another vocabulary.
    """
    student.require(CANDIDATES)
    facts = student.metadata
    teacher.check_vocabulary(facts.vocab_fingerprint, facts.vocab_size)

    @tf.function(input_signature=[IDS], autograph=False)
    def decode(inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        found = student.call(CANDIDATES, inputs=inputs, halfwidth=tf.constant(halfwidth))
        return rank_candidates(
            teacher.encode(inputs), found["outputs"], teacher.score_encoded, alpha
        )

    return decode
