"""t2t-reproduce: killed, resumed, finished; what it leaves behind."""

import shlex

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.reproduce.rows import Rows, read_rows
from tests.commands import succeed
from tests.e2e.conftest import PROBLEM, STUDENT, USR_DIR, reproduce

STAGES = [
    "datagen",
    "teacher",
    "export_teacher",
    "distil",
    "calibrate_student_align_hid",
    STUDENT,
    f"export_{STUDENT}",
    "decode",
    "latency",
    "states",
    "ctranslate2",
]
ROWS = [
    ("teacher", "greedy"),
    ("teacher", "beam4"),
    ("teacher", "beam4_ctranslate2"),
    (STUDENT, "one_pass"),
    (STUDENT, "rescored_9"),
]
SCORES = {
    "bleu_13a",
    "bleu_intl",
    "bleu_tokenized",
    "long_bleu_13a",
    "repetition_percent",
    "latency_ms",
    "speedup",
}


@pytest.fixture(scope="module")
def rows(experiment):
    return Rows(read_rows(experiment.directory), "miniature")


def stage_lines(run):
    """What a run says of stages: {name: "..." or "done" or "already"}, the last word of each."""
    said = {}
    for line in run.out.splitlines():
        if line.startswith("["):
            _, name, word, *_ = line.replace(":", "").split()
            said[name] = word
    return said


def test_every_run_goes_on_where_the_last_one_died(experiment):
    runs = experiment.runs
    assert [(run, runs[run].status) for run in runs] == [
        ("distil", 137),
        ("decode", 137),
        ("finished", 0),
        ("again", 0),
    ]
    first, second, third, fourth = map(stage_lines, runs.values())
    place = STAGES.index
    assert first == {**dict.fromkeys(STAGES[: place("distil")], "done"), "distil": "..."}
    assert second == {
        **dict.fromkeys(STAGES[: place("distil")], "already"),
        **dict.fromkeys(STAGES[place("distil") : place("decode")], "done"),
        "decode": "...",
    }
    assert third == {
        **dict.fromkeys(STAGES[: place("decode")], "already"),
        **dict.fromkeys(STAGES[place("decode") :], "done"),
    }
    assert fourth == dict.fromkeys(STAGES, "already")


def test_a_finished_experiment_tells_the_same_again(experiment):
    finished, again = (experiment.runs[run].out for run in ("finished", "again"))
    summary = finished[finished.index("system ") :]
    assert again.endswith(summary)
    assert f"Report: {experiment.directory}/report.md" in finished


def test_the_runs_are_quiet_on_stderr(experiment):
    # Another test may take the processor while latency is measured.
    told = [line for run in experiment.runs.values() for line in run.err.splitlines()]
    assert [line for line in told if "the machine was busy" not in line] == []


def test_nothing_incomplete_is_left(experiment):
    assert list(experiment.directory.rglob("*.incomplete*")) == []
    # "shared" says whose students they are.
    stages = [path.stem for path in (experiment.directory / "stages").iterdir()]
    assert sorted(stages) == sorted([*STAGES, "shared"])


def test_what_is_told_in_rows(rows):
    assert rows.seeds == [1] and rows.decoded() == ROWS
    for key in ROWS:
        assert {metric for metric in SCORES if rows.by_seed(metric, *key)} == SCORES
        assert rows.get("latency_ms", *key) > 0
    assert rows.get("speedup", "teacher", "beam4") == 1.0
    assert rows.get("latency_threads") == 1
    assert rows.get("sentences") == 100
    assert rows.get("signature.bleu_13a").startswith("nrefs:1|case:mixed")
    assert rows.get("data.train_pairs") == rows.get("data.distilled_pairs") == 4000
    assert {name for name in rows.facts() if name.startswith("wall_seconds.")} == {
        f"wall_seconds.{stage}" for stage in STAGES
    }
    assert rows.get("calibration.batches") == 5
    assert "--recipe=miniature" in rows.get("command")
    assert rows.get("interrupted") == "distil, decode"


def test_the_report_for_people(experiment, rows):
    text = (experiment.directory / "report.md").read_text()
    for key in ROWS:
        assert f"{rows.get('bleu_13a', *key):.2f}" in text
    for figure in ("figure1.png", "figure2.png", "training.png"):
        assert figure in text
        assert (experiment.directory / figure).read_bytes().startswith(b"\x89PNG\r\n")


def test_the_teacher_and_the_student_have_learnt_to_reverse(experiment, rows):
    assert rows.get("bleu_13a", "teacher", "beam4") > 85
    assert rows.get("bleu_13a", "teacher", "greedy") > 85
    assert rows.get("bleu_13a", STUDENT, "one_pass") > 40
    decoded = (experiment.directory / "decodes" / "teacher.beam4.txt").read_text().splitlines()
    references = [target for _, target in experiment.pairs("test")]
    right = sum(map(str.__eq__, decoded, references))
    assert len(decoded) == len(references) == 100 and right > 70


def test_the_rows_are_of_the_files_beside(experiment, rows):
    from t2t_hint_nart.evaluation.bleu import bleu_13a

    references = [target for _, target in experiment.pairs("test")]
    for system, decoding in ROWS:
        file = experiment.directory / "decodes" / f"{system}.{decoding}.txt"
        score = bleu_13a(file.read_text().splitlines(), references).value
        assert rows.get("bleu_13a", system, decoding) == score


def by_hand(exported, inputs, targets):
    """Mean cosine of two raw states of a sentence, and the attention: NumPy, sentence by sentence.

    Returns:
        The mean over all pairs of real tokens, their number, and attention float[B, H, T, S].
    """
    seen = exported.call("hints", inputs=inputs, targets=targets)
    cosines = []
    for states, ids in zip(seen["hidden"].numpy()[:, 0], targets, strict=True):
        states = states[ids != 0].astype(np.float64)
        states /= np.linalg.norm(states, axis=1, keepdims=True)
        cosines += [states[s] @ states[t] for t in range(len(states)) for s in range(t)]
    return np.mean(cosines), len(cosines), seen["attention"].numpy()[:, 0].astype(np.float64)


def test_cosines_and_attention_on_the_test_set(experiment, rows, teacher, student):
    """Of both systems on the same sentences: the teacher's translations."""
    encoder = registry.problem(PROBLEM).get_feature_encoders(experiment.data_dir)["inputs"]
    ids = [[*encoder.encode(source), 1] for source, _ in experiment.pairs("test")]
    inputs = tf.ragged.constant(ids, dtype=tf.int32).to_tensor()
    targets = teacher.decode(inputs)[0].numpy()
    attention = {}
    for system, exported in (("teacher", teacher), (STUDENT, student)):
        mean, pairs, attention[system] = by_hand(exported, inputs, targets)
        assert rows.get("cosine.raw.pairs", system) == pairs
        assert rows.get("cosine.raw.mean", system) == pytest.approx(mean, abs=1e-4)
    ours, theirs = attention["teacher"], attention[STUDENT]
    ratio = np.log(np.maximum(ours, 1e-30)) - np.log(np.maximum(theirs, 1e-30))
    divergence = (ours * ratio).sum(-1).mean(1)[targets != 0].mean()
    assert rows.get("attention.tokens", STUDENT) == (targets != 0).sum()
    assert rows.get("attention.kl", STUDENT) == pytest.approx(divergence, rel=0.01)
    assert rows.get("attention.kl", "teacher") is None


def test_the_command_at_the_end_translates(experiment):
    said = experiment.runs["finished"].out.rstrip()
    command, *arguments = shlex.split(said.splitlines()[-1])
    assert f"--export_dir={experiment.export_dir(STUDENT)}" in arguments
    assert "--inputs_once=Guten Morgen!" in arguments and f"--t2t_usr_dir={USR_DIR}" in arguments
    arguments[arguments.index("--inputs_once=Guten Morgen!")] = "--inputs_once=3 1 4"
    assert set(succeed(command, *arguments).split()) <= set("314")


def test_the_same_directory_with_another_seed_is_refused(experiment):
    before = (experiment.directory / "results.jsonl").read_bytes()
    ended = reproduce(experiment.directory, random_seed=2)
    assert ended.status == 1 and ended.err == (
        f"t2t-reproduce: error: {experiment.directory} holds stage 'teacher' made with seed=1, "
        "now it is 2; give another --output_dir.\n"
    )
    assert (experiment.directory / "results.jsonl").read_bytes() == before
