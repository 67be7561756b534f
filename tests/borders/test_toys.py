"""Models, criterion, strategy, score and recipe from outside the package go the whole way."""

import copy
import sys
from pathlib import Path

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.catalogue import Catalogue
from t2t_hint_nart.losses.term import Scalar
from t2t_hint_nart.reproduce import evaluate
from t2t_hint_nart.reproduce.rows import Rows, read_rows
from t2t_hint_nart.training.summaries import training_history
from tests.commands import refusal, run_command, succeed

USR_DIR = str(Path(__file__).parent / "toys")
DECODED = [("first", "beam2"), ("first", "greedy"), ("second", "collapsed"), ("pupil", "collapsed")]


def untimed(exports, keys, sentences, alone):
    """Times that nobody took: a process that opens an export to time it needs none of the toys."""
    times = {"median_ms": 1.0, "throughput": 1000.0, "cpu_share": 1.0}
    return {".".join(key): dict(times) for key in keys} | {"threads": 1}


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    """The recipe's directory; afterwards nobody knows what the user's directory registered."""
    registry.load_plugins()
    with pytest.MonkeyPatch.context() as patch:
        for catalogue in (value for value in vars(registry).values() if type(value) is Catalogue):
            patch.setattr(catalogue, "_entries", copy.copy(catalogue._entries))
        patch.setattr(evaluate, "time_systems", untimed)
        directory = tmp_path_factory.mktemp("toys")
        succeed("t2t-reproduce", recipe="toys", output_dir=directory, t2t_usr_dir=USR_DIR)
        yield directory
        for name in [name for name in sys.modules if name.split(".")[0] == "toys"]:
            del sys.modules[name]


@pytest.fixture
def second(toys):
    """What names the model of variable length to commands."""
    return {
        "t2t_usr_dir": USR_DIR,
        "problem": "algorithmic_copy_tiny",
        "data_dir": toys / "data",
        "model": "toy_upsampled",
        "hparams_set": "toy_upsampled_tiny",
        "output_dir": toys / "second",
    }


def test_they_appear_in_rows_and_report(toys):
    rows = Rows(read_rows(toys), "toys")
    scores = {key: rows.get("bleu_13a", *key) for key in DECODED}
    assert scores["second", "collapsed"] > 90, scores
    as_long = {key: rows.get("score.as_long", *key) for key in DECODED}
    assert as_long["second", "collapsed"] > 90, as_long
    report = (toys / "report.md").read_text()
    assert all(f"| {system} |" in report for system, _ in DECODED)
    assert "| as_long |" in report


def test_training_tells_its_own_criterion(toys):
    for system, tag in (("first", "losses/training"), ("second", "losses/ctc")):
        history = training_history(toys / system, [Scalar("criterion", tag)])
        steps, losses = history["criterion"]
        assert len(steps) == 2 and losses[1] < losses[0]


def test_the_decoder_says_what_the_experiment_said(toys, second, tmp_path):
    expected = (toys / "decodes" / "second.collapsed.txt").read_text()
    succeed(
        "t2t-decoder",
        "--eval_use_test_set",
        **second,
        checkpoint_path=toys / "second" / "avg" / "model.ckpt-120",
        decode_to_file=tmp_path / "out",
        decode_hparams="num_samples=64",
    )
    (decodes,) = tmp_path.glob("*.decodes")
    assert decodes.read_text() == expected


def test_the_export_takes_text(toys):
    said = succeed("t2t-query-server", export_dir=toys / "export" / "second", inputs_once="3 1 4")
    assert said == "3 1 4\n"


def test_what_it_has_not_is_said_in_one_line(toys, second, tmp_path):
    page = refusal("t2t-visualize", **second, sentence="3 1", visualization_dir=tmp_path / "page")
    assert "has no probe hidden and no probe attention" in page
    hints = refusal(
        "t2t-distill",
        t2t_usr_dir=USR_DIR,
        problem="algorithmic_reverse_tiny",
        data_dir=toys / "data",
        teacher_export_dir=toys / "export" / "second",
    )
    assert "algorithmic_reverse_tiny" in hints
    ended = run_command("t2t-decoder", **second, decode_hparams="beam_size=3,length_halfwidth=1")
    assert ended.status == 1 and "length_halfwidth" in ended.err
