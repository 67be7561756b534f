"""Non-monotonic latent alignments: the bigrams that a collapsed output is expected to have."""

from keras import ops

from t2t_hint_nart.losses.lattice import BLANK, without_eos
from t2t_hint_nart.losses.term import LossTerm, Scalar, Step, Term

# Divided by in the gradient of a product of blanks; its square is still a float32.
_LEAST_BLANK = 1e-18


def nmla(logits, mask, labels) -> LossTerm:
    """−F₁ of expected bigrams, −2·Σ_g min(C_g, ref_g) / (U − 1 + N), summed over sentences.

    Of independent positions, p_t(v), blank 0, g = (u, v) being the target's distinct bigrams, ref_g
    their number in it and U its length (Shao and Feng 2022, section 3.3):

      C_g = Σ_{i<j} p_i(u)·p_j(v)·Π_{i<k<j} p_k(0) − [u = v]·Σ_i p_i(u)·p_{i+1}(u)
      N = Σ_{v≠0} p_1(v) + Σ_{j>1,v≠0} p_j(v)·(1 − p_{j−1}(v)) − 1 + Π_t p_t(0)

    C_g and N are exact: the numbers of bigrams g, and of all, that the sentences which are read
    have on average. (The paper has no product in N; it matters where an empty sentence is likely,
    and keeps the loss above −1.) The rest ignores how numbers vary about their average: the least
    of an average stands for the average of the least, a quotient of averages for that of quotients.
    And it ignores where in the sentence a bigram stands.

    Args:
        logits: float[B, L, V].
        mask: bool[B, L], True = a position of the sentence's output, none behind the last.
        labels: int[B, U], PAD 0 behind a sentence; without EOS.

    Returns:
        LossTerm(total, from −count to 0; number of sentences). A sentence without a bigram is none.
    """
    probs = ops.softmax(logits)
    # A product with ones and zeros: the gradient of a gather, a scatter, takes ten times as long.
    columns = ops.one_hot(labels, logits.shape[-1], dtype=logits.dtype)
    said = ops.matmul(probs, ops.transpose(columns, (0, 2, 1)))
    said = ops.where(mask[:, :, None], said, 0.0)
    blanks = ops.where(mask, probs[:, :, BLANK], 1.0)
    first, second = labels[:, :-1], labels[:, 1:]
    counts = _expected(said[:, :, :-1], said[:, :, 1:], blanks, first == second)
    # int[B, U − 1, U − 1]: which bigrams are alike; of these the first stands for all.
    is_bigram = second != 0
    alike = (first[:, None] == first[:, :, None]) & (second[:, None] == second[:, :, None])
    places = ops.arange(ops.shape(first)[1])
    seen = ops.any(alike & (places[None] < places[:, None]), axis=2)
    wanted = ops.sum(ops.cast(alike & is_bigram[:, None], logits.dtype), axis=2)
    matched = ops.where(is_bigram & ~seen, ops.minimum(counts, wanted), 0.0)
    total = ops.sum(ops.cast(is_bigram, logits.dtype), axis=1)
    in_all = ops.maximum(total, 1.0) + _expected_bigrams(probs, blanks, mask)
    score = ops.where(total > 0, -2.0 * ops.sum(matched, axis=1) / in_all, 0.0)
    return LossTerm(ops.sum(score), ops.sum(ops.cast(total > 0, logits.dtype)))


def _expected(first, second, blanks, is_repeated):
    """C of pairs of symbols: float[B, G], from p of each, float[B, L, G], and of the blank [B, L].

    The products of blanks are products, not sums of logarithms, whose differences lose their digits
    in a long output.
    """
    positions = ops.arange(ops.shape(blanks)[1])
    before, behind = positions[:, None], positions[None]
    previous = ops.pad(blanks[:, :-1], [[0, 0], [1, 0]], constant_values=1.0)
    factors = ops.where(behind - 1 > before, ops.maximum(previous, _LEAST_BLANK)[:, None], 1.0)
    # float[B, L, L]: that all positions between two say nothing.
    silence = ops.where(behind > before, ops.cumprod(factors, axis=2), 0.0)
    apart = ops.sum(first * ops.matmul(silence, second), axis=1)
    merged = ops.sum(first[:, :-1] * second[:, 1:], axis=1)
    return apart - ops.where(is_repeated, merged, 0.0)


def _expected_bigrams(probs, blanks, mask):
    """N: float[B], of probabilities float[B, L, V]."""
    # float[B, L, L], of which the neighbours count: on a CPU products of all positions take a
    # fifth of the time of products of shifted copies.
    alike = ops.matmul(probs, ops.transpose(probs, (0, 2, 1)))
    positions = ops.arange(ops.shape(mask)[1])
    is_next = (positions[None] == positions[:, None] + 1) & mask[:, None]
    both_blank = blanks[:, :, None] * blanks[:, None]
    merged = ops.sum(ops.where(is_next, alike - both_blank, 0.0), axis=(1, 2))
    tokens = ops.sum(1.0 - blanks, axis=1) - merged
    # As a logarithm, whose gradient doesn't divide by what vanishes.
    empty = ops.exp(ops.sum(ops.log(ops.maximum(blanks, _LEAST_BLANK)), axis=1))
    return tokens - 1.0 + empty


class NmlaTerm(Term):
    """The expected bigrams as a registered term: `nmla`, for a short training after that by CTC.

    With ctc_weight=0 it is all that is minimised. It needs no hints; without a weight it isn't
    computed. What a glance has shown counts like everything else. The loss of evaluations is the
    criterion's, which rises while translations get better: BLEU says which checkpoint is best.
    """

    weight = "nmla_weight"
    scalars = (Scalar("nmla", "losses/nmla", "nmla"),)

    def __call__(self, step: Step) -> tuple[LossTerm]:
        """`nmla` of a batch."""
        return (nmla(step.output.logits, step.output.mask, without_eos(step.targets)),)
