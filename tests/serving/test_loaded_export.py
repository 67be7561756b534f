"""t2t_hint_nart.load: what programs translate with. With models: tests/bin/test_load.py."""

import subprocess
import sys

import pytest

import t2t_hint_nart
from t2t_hint_nart.errors import InputError


@pytest.fixture
def echo(echo_export):
    return t2t_hint_nart.load(echo_export)


def test_a_sentence_and_several(echo):
    assert echo.translate(" guten Morgen\n") == "GUTEN MORGEN"
    assert echo.translate(["ein Hund", "", "ß"]) == ["EIN HUND", "", "ß"]
    assert echo.translate(line for line in ("a", "b")) == ["A", "B"]
    assert echo.translate([]) == []
    assert echo.translator.translate(["abc"])[0][0].score == -4.0


def test_it_says_what_it_is(echo, echo_export):
    assert echo.export_dir == str(echo_export / "3")
    assert echo.metadata.languages == {"inputs": "de", "targets": "en"}


def test_a_stream_is_read_no_further_than_is_said(echo):
    read = []

    def endless():
        number = 0
        while True:
            read.append(number)
            yield f"satz {number}"
            number += 1

    found = echo.stream(endless(), read_ahead=4)
    assert read == []
    assert [next(found) for _ in range(5)] == [f"SATZ {number}" for number in range(5)]
    assert len(read) == 8


def test_a_stream_ends_with_its_sentences(echo):
    lines = [f"{'x' * (7 * n % 11)}{n}" for n in range(10)]
    for read_ahead in (1, 3, 10, 11):
        assert list(echo.stream(iter(lines), read_ahead)) == [line.upper() for line in lines]
    assert list(echo.stream([])) == []


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda echo: echo.translate(["a", b"b"]), "Sentence 2 must be a str, not a bytes."),
        (lambda echo: echo.stream("abc"), "stream takes sentences, not one str"),
        (lambda echo: echo.stream([], read_ahead=0), "read_ahead must be at least 1, not 0."),
        (lambda echo: echo.translate(["a", "x" * 100]), "Sentence 2 of 2 is too long .* 101 tok"),
    ],
)
def test_what_is_refused(echo, call, told):
    with pytest.raises(InputError, match=told):
        call(echo)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"decode_hparams": "max_input_size=101"}, "takes 100 tokens of a source"),
        ({"decode_hparams": "length_bias=2"}, "decodes with length_bias=0, not 2"),
        ({"decode_hparams": "verified=True"}, "need a scorer"),
        ({"teacher_export_dir": "teacher"}, "The teacher teacher has nothing to judge"),
        ({"device": "tpu"}, "There is no device 'tpu'; allowed are cpu, gpu and gpu:<number>."),
        ({"device": "cpu:1"}, "There is no device 'cpu:1'"),
    ],
)
def test_what_can_not_be_loaded(echo_export, arguments, told):
    with pytest.raises(InputError, match=told):
        t2t_hint_nart.load(echo_export, **arguments)


def test_longer_sources_are_cut_if_that_is_asked_for(echo_export):
    echo = t2t_hint_nart.load(echo_export, decode_hparams="max_input_size=5")
    assert echo.translate("abcdefg") == "ABCD"


def test_numpy_alone_is_loaded(echo_export):
    """Nothing by the import; no TensorFlow to translate without it."""
    code = f"""
import sys
import t2t_hint_nart
assert not {{"numpy", "tensorflow"}} & set(sys.modules)
import tests.serving.echo
assert t2t_hint_nart.load({str(echo_export)!r}).translate("a") == "A"
assert "numpy" in sys.modules and "tensorflow" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
