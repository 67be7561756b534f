import pytest

from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.serving.decodes import Hypothesis
from t2t_hint_nart.serving.interactive import interact


def session(lines, overrides=""):
    """What is answered, what is said, and the extra_length of every translator made.

    One that looks for several translations says so by a negative number.
    """
    typed, answers, said, made = iter(lines), [], [], []

    def ask(prompt):
        assert prompt == ">"
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    def make(hparams):
        made.append(hparams.extra_length * (-1 if hparams.return_beams else 1))
        length = hparams.extra_length
        return lambda line: [Hypothesis(f"{line} {length}.{k}", -float(k), (k,)) for k in (1, 2, 3)]

    interact(make, decode_hparams(overrides), ask, answers.append, said.append)
    return answers, said, made


def test_lines_until_the_end():
    answers, said, made = session(["a", "", "\ufeff  b \x85"])
    assert answers == ["a 50.1", " 50.1", "b 50.1"]
    assert made == [50]
    assert said[0].startswith("INTERACTIVE MODE  num_samples=1  decode_length=50\n  it=")


def test_a_line_that_is_refused_costs_no_other():
    answers, said = [], []

    def translate(line):
        if line == "long":
            raise InputError("too long")
        return [Hypothesis(line, 0.0)]

    lines = iter(["a", "long", "b", "q"])
    interact(
        lambda _: translate, decode_hparams(), lambda _: next(lines), answers.append, said.append
    )
    assert answers == ["a", "", "b"] and said[1:] == ["too long"]


def test_quit():
    assert session(["a", "q", "b"])[0] == ["a 50.1"]


def test_more_translations():
    answers, said, made = session(["ns=2", "a", "ns=9", "b", "ns=1", "c"])
    assert answers == [
        '"a 50.1"\tScore:-1.000000',
        '"a 50.2"\tScore:-2.000000',
        *(f'"b 50.{k}"\tScore:-{k}.000000' for k in (1, 2, 3)),
        "c 50.1",
    ]
    # Looking for several takes longer: only while several are shown.
    assert made == [50, -50, 50]
    assert "num_samples=2" in said[1]


def test_a_longer_translation():
    answers, said, made = session(["dl=7", "a", "dl=0", "b"])
    assert answers == ["a 7.1", "b 0.1"]
    assert made == [50, 7, 0]
    assert "decode_length=7" in said[1]


def test_an_input_type():
    answers, said, _ = session(["it=text", "it=image", "a"])
    assert answers == ["a 50.1"]
    assert said[2] == "it=image: there is no input type but text."


@pytest.mark.parametrize("line", ["ns=0", "ns=x", "ns=", "ns=-1", "dl=1.5", "dl=²"])
def test_a_command_that_makes_no_sense_changes_nothing(line):
    answers, said, made = session([line, "a"])
    assert answers == ["a 50.1"] and made == [50]
    assert said[1].startswith(f"{line}: a number of at least")


def test_decode_hparams_count():
    both = ["a"], "return_beams=True"
    assert len(session(*both)[0]) == 3
    assert session(["a"], "num_samples=2")[2] == [-50]
    assert session(["a"], "num_samples=2")[0] == [
        '"a 50.1"\tScore:-1.000000',
        '"a 50.2"\tScore:-2.000000',
    ]
    assert session(["a"], "identity_output=True")[0] == ["1"]
    assert session(["a"], "write_beam_scores=True")[0] == ['"a 50.1"\tScore:-1.000000']
