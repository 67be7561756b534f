import numpy as np

from t2t_hint_nart.models.decoder_output import DecoderOutput
from t2t_hint_nart.reproduce.generated import generate_by_search, generate_in_one_pass, pieces
from t2t_hint_nart.text.byte import ByteTextEncoder
from t2t_hint_nart.text.subword import SubwordTextEncoder


class Asked:
    """Hints that say which tokens they like best, and note what they are asked."""

    def __init__(self, best=()):
        self.best, self.calls = best, []

    def __call__(self, inputs, targets):
        self.calls.append((inputs.tolist(), targets.tolist()))
        logits = np.zeros([1, targets.shape[1], 9])
        logits[..., 0] = 2.0  # PAD, which must never be generated
        for position, token in enumerate(self.best):
            logits[0, position, token] = 1.0
        return DecoderOutput(logits, None, None, None)


def test_a_teacher_reads_its_own_translation():
    hints = Asked()
    made = generate_by_search(lambda inputs: np.array([[7, 8, 1, 0, 0]]), hints, [5, 6, 1])
    assert made.tokens == [7, 8, 1]
    assert hints.calls == [([[5, 6, 1]], [[7, 8, 1]])]


def test_a_student_is_asked_for_a_length_and_cut_at_its_end():
    hints = Asked(best=[7, 1, 8, 8])
    assert generate_in_one_pass(hints, 1, [5, 6, 1]).tokens == [7, 1]
    assert hints.calls == [([[5, 6, 1]], [[1, 1, 1, 1]])]
    assert generate_in_one_pass(Asked(best=[7, 7]), -1, [5, 6, 1]).tokens == [7, 7]


def test_a_student_generates_one_token_at_least():
    hints = Asked(best=[7])
    assert generate_in_one_pass(hints, -9, [5, 1]).tokens == [7]
    assert hints.calls[0][1] == [[1]]


def test_labels():
    encoder = SubwordTextEncoder.from_subtokens(["<pad>_", "<EOS>_", "a", "a_", *"_\\u;0123456789"])
    assert pieces(encoder, [2, 3, 1]) == ["a", "a_", "<EOS>"]
    encoder = ByteTextEncoder()
    assert pieces(encoder, [*encoder.encode("Hä"), 1]) == ["H", "\\xc3", "\\xa4", "<EOS>"]
