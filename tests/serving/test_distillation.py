"""Who may distil what, what is done already, and what a kill leaves; the teacher is a table."""

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.data.distill_problem import DistillProblem
from t2t_hint_nart.data.problem_identity import vocabularies_of
from t2t_hint_nart.data.shards import read_shard
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.capabilities import ExportedTranslator
from t2t_hint_nart.exports.metadata import TRANSLATES
from t2t_hint_nart.serving.distillation import distill
from tests.data.lines_problem import LinesProblem
from tests.exports.table_exports import METADATA

NAME = "lines_problem_distill"
PROVENANCE = f"{NAME}-provenance.json"
JOURNAL = f"{NAME}-journal.jsonl.incomplete"


class TableTeacher(ExportedTranslator):
    """Translates every sentence into one token of its own and EOS."""

    def __init__(
        self,
        data_dir,
        problem="lines_problem",
        fingerprint="a" * 64,
        beam_size=4,
        token=2,
        runtime="saved_model",
    ):
        encoders = LinesProblem().get_feature_encoders(data_dir)
        facts = dataclasses.replace(
            METADATA,
            problem=problem,
            capabilities=(TRANSLATES,),
            vocabularies=vocabularies_of(encoders),
            weights_fingerprint=fingerprint,
            step=10,
            runtime=runtime,
            decode_hparams={"alpha": 0.6, "beam_size": beam_size},
        )
        super().__init__(SimpleNamespace(export_dir="export", metadata=facts))
        self.token, self.decoded = token, 0

    def decode(self, inputs):
        self.decoded += len(inputs)
        ids = np.array([[self.token, 1]] * len(inputs))
        return (tf.constant(ids) if self.metadata.runtime == "saved_model" else ids), None


@pytest.fixture
def data_dir(tmp_path):
    LinesProblem().generate_data(tmp_path, tmp_path)
    return str(tmp_path)


@pytest.fixture
def told():
    return []


@pytest.fixture
def problem(told):
    distilled = DistillProblem(LinesProblem())
    distilled.progress = told.append
    return distilled


def train_pairs(problem, data_dir):
    """Ids of the training pairs, in the order in which they are read."""
    features = problem.features("train")
    pairs = (pair for path in problem.shard_files(data_dir, "train") for pair in read_shard(path))
    return [tuple([int(i) for i in pair[name]] for name in features) for pair in pairs]


def contents(data_dir):
    return {path.name: path.read_bytes() for path in Path(data_dir).glob(f"{NAME}*")}


@pytest.mark.parametrize("theirs", ["lines_problem_rev", "lines_problem_rev_distill"])
def test_a_teacher_of_the_opposite_direction_is_refused(data_dir, problem, theirs):
    teacher = TableTeacher(data_dir, theirs)
    with pytest.raises(InputError, match=f"export translates {theirs}, the opposite direction of "):
        distill(teacher, problem, data_dir)
    backwards = DistillProblem(LinesProblem(was_reversed=True))
    with pytest.raises(InputError, match="lines_problem, the opposite direction of lines_problem_"):
        distill(TableTeacher(data_dir), backwards, data_dir)
    assert not teacher.decoded and not list(Path(data_dir).glob("*_distill*"))


@pytest.mark.parametrize("side", ["inputs", "targets"])
def test_a_teacher_of_another_vocabulary_is_refused(data_dir, problem, side):
    teacher = TableTeacher(data_dir)
    teacher.metadata.vocabularies[side]["fingerprint"] = "cd"
    words = f"^export doesn't fit lines_problem: its vocabulary of {side} has fingerprint cd, that "
    with pytest.raises(InputError, match=words):
        distill(teacher, problem, data_dir)
    assert not teacher.decoded and not list(Path(data_dir).glob("*_distill*"))


def test_a_reversed_teacher_distils_the_reversed_problem(data_dir):
    backwards = DistillProblem(LinesProblem(was_reversed=True))
    assert distill(TableTeacher(data_dir, "lines_problem_rev"), backwards, data_dir) == 5


def test_a_teacher_of_another_problem_is_told_of(data_dir, problem, told):
    assert distill(TableTeacher(data_dir, "news"), problem, data_dir) == 5
    assert told == ["warning: export was trained on 'news', not on 'lines_problem'"]


def test_a_teacher_that_learnt_from_distilled_data_is_nothing_to_tell(data_dir, problem, told):
    distill(TableTeacher(data_dir, NAME), problem, data_dir)
    assert told == []


def test_a_source_that_is_too_long_stops_nothing(data_dir, problem, told):
    class Small(TableTeacher):
        def decode(self, inputs):
            if inputs.shape[1] == longest:
                raise tf.errors.ResourceExhaustedError(None, None, "OOM")
            return super().decode(inputs)

    sources = [pair[0] for pair in train_pairs(LinesProblem(), data_dir)]
    longest = max(map(len, sources))
    left_out = [len(source) == longest for source in sources]
    assert distill(Small(data_dir), problem, data_dir) == 5
    assert [line for line in told if "too long" in line] == [
        f"source {place + 1} is too long for the teacher: an empty target"
        for place in range(5)
        if left_out[place]
    ]
    targets = [pair[1] for pair in train_pairs(problem, data_dir)]
    assert sorted(targets) == sorted([1] if left else [2, 1] for left in left_out)


def test_a_source_of_more_tokens_than_the_teacher_takes_has_no_target_of_its_beginning(
    data_dir, problem, told
):
    sources = [pair[0] for pair in train_pairs(LinesProblem(), data_dir)]
    limit = max(map(len, sources)) - 1
    teacher = TableTeacher(data_dir)
    teacher.export.metadata = dataclasses.replace(teacher.metadata, max_input_size=limit)
    distill(teacher, problem, data_dir)
    assert any("is too long for the teacher: an empty target" in line for line in told)
    for source, target in train_pairs(problem, data_dir):
        assert target == ([2, 1] if len(source) <= limit else [1])


def test_the_same_again_does_nothing(data_dir, problem, told):
    distill(TableTeacher(data_dir), problem, data_dir)
    before = contents(data_dir)
    again = TableTeacher(data_dir)
    assert distill(again, problem, data_dir) == 5
    assert told == [f"all in {data_dir} already; remove the shards to write them again"]
    assert contents(data_dir) == before and not again.decoded


def test_every_runtime_makes_the_same_shards(data_dir, problem):
    distill(TableTeacher(data_dir), problem, data_dir)
    expected = contents(data_dir)
    assert json.loads(expected.pop(PROVENANCE))["teacher_runtime"] == "saved_model"
    for name in (*expected, PROVENANCE):
        (Path(data_dir) / name).unlink()
    distill(TableTeacher(data_dir, runtime="ctranslate2"), problem, data_dir)
    made = contents(data_dir)
    assert json.loads(made.pop(PROVENANCE))["teacher_runtime"] == "ctranslate2"
    assert made == expected


def test_a_provenance_without_the_sources_digest_is_known_by_their_number(data_dir, problem):
    distill(TableTeacher(data_dir), problem, data_dir)
    path = Path(data_dir) / PROVENANCE
    recorded = json.loads(path.read_text())
    del recorded["sources"]
    path.write_text(json.dumps(recorded))
    assert distill(TableTeacher(data_dir), problem, data_dir) == 5
    with pytest.raises(InputError, match="of 5 sources, not 3"):
        distill(TableTeacher(data_dir), problem, data_dir, limit=3)


@pytest.mark.parametrize(
    ("values", "limit", "what"),
    [
        ({"fingerprint": "b" * 64}, None, "decoded by the teacher aaaaaaaaaaaa, not bbbbbbbbbbbb"),
        (
            {"runtime": "litert_int8"},
            None,
            "decoded by the teacher in saved_model, not in litert_int8",
        ),
        ({"beam_size": 2}, None, "decoded with beam_size=4, not 2"),
        ({}, 3, "made of 5 sources, not 3"),
    ],
)
def test_another_distillation_is_refused(data_dir, problem, values, limit, what):
    distill(TableTeacher(data_dir), problem, data_dir)
    before = contents(data_dir)
    other = TableTeacher(data_dir, **values)
    with pytest.raises(InputError) as caught:
        distill(other, problem, data_dir, limit=limit)
    assert str(caught.value) == (
        f"the shards of {NAME} in {data_dir} are there already, {what}; "
        f"to start anew remove '{NAME}-train-*' and '{PROVENANCE}' there"
    )
    assert contents(data_dir) == before and not other.decoded


def test_other_sources_of_the_same_number_are_refused(data_dir, problem):
    distill(TableTeacher(data_dir), problem, data_dir)
    path = Path(data_dir) / PROVENANCE
    path.write_text(json.dumps({**json.loads(path.read_text()), "sources": "0" * 64}))
    with pytest.raises(InputError, match="made of other sources; to start anew remove "):
        distill(TableTeacher(data_dir), problem, data_dir)


def test_shards_of_unknown_origin_are_refused(data_dir, problem):
    distill(TableTeacher(data_dir), problem, data_dir)
    (Path(data_dir) / PROVENANCE).unlink()
    before = contents(data_dir)
    with pytest.raises(InputError, match=f"there already, without '{PROVENANCE}'; to start anew"):
        distill(TableTeacher(data_dir), problem, data_dir)
    assert contents(data_dir) == before


def test_a_missing_shard_is_made_again(data_dir, problem):
    distill(TableTeacher(data_dir), problem, data_dir)
    before = contents(data_dir)
    (Path(data_dir) / f"{NAME}-train-00001-of-00002").unlink()
    distill(TableTeacher(data_dir), problem, data_dir)
    after = contents(data_dir)
    assert {**after, PROVENANCE: b""} == {**before, PROVENANCE: b""}


class Killed(BaseException):
    pass


def killed_at(rename, data_dir, problem, teacher):
    """Distil until the n-th file would get its final name."""
    replace, calls = Path.replace, []

    def dying(self, target):
        calls.append(Path(target).name)
        # The journal is renamed too, once, before anything is decoded.
        if len(calls) == rename + 1:
            raise Killed
        return replace(self, target)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Path, "replace", dying)
        distill(teacher, problem, data_dir)
    return calls[-1]


def looks_complete(problem, data_dir):
    try:
        return problem.is_generated(data_dir, data_dir)
    except InputError as error:
        assert "shards are missing" in str(error)
        return False


@pytest.mark.parametrize("rename", range(1, 4))
def test_killed_while_files_get_their_names(data_dir, problem, rename):
    """A provenance that is left of shards somebody removed speaks for none of the new ones."""
    distill(TableTeacher(data_dir), problem, data_dir)
    for path in Path(data_dir).glob(f"{NAME}-train-*"):
        path.unlink()
    teacher = TableTeacher(data_dir, fingerprint="b" * 64, token=3)
    killed_at(rename, data_dir, problem, teacher)
    assert not (Path(data_dir) / PROVENANCE).exists()
    assert not looks_complete(problem, data_dir)
    with pytest.raises(InputError, match="another teacher or data; delete it to start anew"):
        distill(TableTeacher(data_dir), problem, data_dir)
    assert distill(teacher, problem, data_dir) == 5
    assert teacher.decoded == 5
    assert problem.provenance(data_dir)["teacher_fingerprint"] == "b" * 64
    encoder = LinesProblem().get_feature_encoders(data_dir)["targets"]
    targets = {target for _, target in problem.text_pairs(data_dir, "train")}
    assert targets == {encoder.decode([3])}
    assert sorted(contents(data_dir)) == [
        PROVENANCE,
        f"{NAME}-train-00000-of-00002",
        f"{NAME}-train-00001-of-00002",
    ]


def test_killed_before_the_journal_is_removed(data_dir, problem):
    teacher = TableTeacher(data_dir)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Path, "unlink", dying_on(JOURNAL))
        distill(teacher, problem, data_dir)
    assert {JOURNAL, PROVENANCE} <= set(contents(data_dir))
    assert distill(teacher, problem, data_dir) == 5
    assert teacher.decoded == 5
    assert JOURNAL not in contents(data_dir)


def dying_on(name):
    unlink = Path.unlink

    def dying(self, missing_ok=False):
        if self.name == name:
            raise Killed
        unlink(self, missing_ok)

    return dying
