from types import SimpleNamespace

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hints.teacher import Teacher
from t2t_hint_nart.serving.exported_decode import rescored_decode


class Unloaded(Teacher):
    """A teacher of which there is only what it says about itself."""

    def __init__(self, fingerprint):
        self.export_dir = "there"
        self.metadata = SimpleNamespace(vocab_fingerprint=fingerprint, vocab_size=9)


def test_a_teacher_of_another_vocabulary_ranks_nothing():
    """Hidden size, layers and heads aren't asked for."""
    facts = SimpleNamespace(vocab_fingerprint="ab", vocab_size=9)
    student = SimpleNamespace(require=lambda signature: None, metadata=facts)
    rescored_decode(student, Unloaded("ab"), halfwidth=1)
    words = r"The teacher there .*: its vocabulary \(sha256\) is cd, the student's is ab\."
    with pytest.raises(InputError, match=words):
        rescored_decode(student, Unloaded("cd"), halfwidth=1)
