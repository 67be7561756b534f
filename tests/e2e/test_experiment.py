"""t2t-reproduce: killed, resumed, finished; what it leaves behind."""

import json
import shlex

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from tests.commands import succeed
from tests.e2e.conftest import PROBLEM, STUDENT, reproduce

STAGES = [
    "datagen",
    "teacher",
    "export_teacher",
    "distil",
    "calibrate",
    STUDENT,
    f"export_{STUDENT}",
    "decode",
    "latency",
    "states",
]
ROWS = [
    ("teacher", "greedy"),
    ("teacher", "beam4"),
    (STUDENT, "one_pass"),
    (STUDENT, "rescored_9"),
]
# Fields that every report has, whatever else is in it.
REPORT_FIELDS = {"recipe", "seed", "hardware", "rows", "cosine"}
ROW_FIELDS = {
    "system",
    "decoding",
    "bleu_13a",
    "bleu_intl",
    "bleu_tokenized",
    "signature",
    "long_bleu_13a",
    "repetition_percent",
    "latency_ms",
    "speedup",
    "sentences",
}


@pytest.fixture(scope="module")
def report(experiment):
    return json.loads((experiment.directory / "report.json").read_text())


@pytest.fixture(scope="module")
def rows(report):
    return {(row["system"], row["decoding"]): row for row in report["rows"]}


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
    assert {run.err for run in experiment.runs.values()} == {""}


def test_nothing_incomplete_is_left(experiment):
    assert list(experiment.directory.rglob("*.incomplete*")) == []
    assert sorted(path.stem for path in (experiment.directory / "stages").iterdir()) == sorted(
        STAGES
    )


def test_the_report_has_its_fields(report, rows):
    assert set(report) >= REPORT_FIELDS
    assert (report["recipe"], report["seed"]) == ("miniature", 1)
    assert list(rows) == ROWS
    for row in rows.values():
        assert set(row) >= ROW_FIELDS
        assert row["sentences"] == 100 and row["latency_ms"] > 0
        assert row["signature"].startswith("nrefs:1|case:mixed")
    assert rows["teacher", "beam4"]["speedup"] == 1.0
    assert set(report["cosine"]) == {"teacher", STUDENT}
    assert report["data"]["train_pairs"] == report["data"]["distilled_pairs"] == 4000
    assert set(report["wall_seconds"]) == set(STAGES)
    assert report["calibration"]["batches"] == 5
    assert "--recipe=miniature" in report["command"]


def test_the_report_for_people(experiment, rows):
    text = (experiment.directory / "report.md").read_text()
    for row in rows.values():
        assert f"{row['bleu_13a']:.2f}" in text or f"{row['bleu_13a']:.1f}" in text
    for figure in ("figure1.png", "figure2.png"):
        assert figure in text
        assert (experiment.directory / figure).read_bytes().startswith(b"\x89PNG\r\n")


def test_the_teacher_and_the_student_have_learnt_to_reverse(experiment, rows):
    assert rows["teacher", "beam4"]["bleu_13a"] > 85
    assert rows["teacher", "greedy"]["bleu_13a"] > 85
    assert rows[STUDENT, "one_pass"]["bleu_13a"] > 40
    decoded = (experiment.directory / "decodes" / "teacher.beam4.txt").read_text().splitlines()
    references = [target for _, target in experiment.pairs("test")]
    right = sum(map(str.__eq__, decoded, references))
    assert len(decoded) == len(references) == 100 and right > 70


def test_the_rows_are_of_the_files_beside(experiment, rows):
    from t2t_hint_nart.evaluation.bleu import bleu_13a

    references = [target for _, target in experiment.pairs("test")]
    for (system, decoding), row in rows.items():
        file = experiment.directory / "decodes" / f"{system}.{decoding}.txt"
        assert row["bleu_13a"] == bleu_13a(file.read_text().splitlines(), references).value


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


def test_cosines_and_attention_on_the_test_set(experiment, report, teacher, student):
    """Of both systems on the same sentences: the teacher's translations."""
    encoder = registry.problem(PROBLEM).get_feature_encoders(experiment.data_dir)["inputs"]
    ids = [[*encoder.encode(source), 1] for source, _ in experiment.pairs("test")]
    inputs = tf.ragged.constant(ids, dtype=tf.int32).to_tensor()
    targets = teacher.decode(inputs)[0].numpy()
    attention = {}
    for system, exported in (("teacher", teacher), (STUDENT, student)):
        mean, pairs, attention[system] = by_hand(exported, inputs, targets)
        found = report["cosine"][system]["raw"]
        assert found["pairs"] == pairs and found["mean"] == pytest.approx(mean, abs=1e-4)
    ours, theirs = attention["teacher"], attention[STUDENT]
    ratio = np.log(np.maximum(ours, 1e-30)) - np.log(np.maximum(theirs, 1e-30))
    divergence = (ours * ratio).sum(-1).mean(1)[targets != 0].mean()
    found = report["attention"][STUDENT]
    assert found["tokens"] == (targets != 0).sum()
    assert found["kl_to_teacher"] == pytest.approx(divergence, rel=0.01)
    assert report["attention"]["teacher"]["kl_to_teacher"] is None


def test_the_command_at_the_end_translates(experiment, report):
    command, *arguments = shlex.split(report["translate_command"])
    assert experiment.runs["finished"].out.rstrip().endswith(report["translate_command"])
    assert f"--export_dir={experiment.export_dir(STUDENT)}" in arguments
    arguments[-1] = "--inputs_once=3 1 4"
    assert set(succeed(command, *arguments).split()) <= set("314")


def test_the_same_directory_with_another_seed_is_refused(experiment):
    before = (experiment.directory / "report.json").read_bytes()
    ended = reproduce(experiment.directory, random_seed=2)
    assert ended.status == 1 and ended.err == (
        f"t2t-reproduce: error: {experiment.directory} holds stage 'teacher' made with seed=1, "
        "now it is 2; give another --output_dir.\n"
    )
    assert (experiment.directory / "report.json").read_bytes() == before
