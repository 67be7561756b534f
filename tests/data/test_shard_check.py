"""Shards with other content than was written are refused by whatever opens them."""

import json

import pytest
import tensorflow as tf

from t2t_hint_nart.data.distill_problem import DistillProblem
from t2t_hint_nart.data.shards import write_records
from t2t_hint_nart.errors import InputError
from tests.data.lines_problem import LinesProblem

TRAIN = "lines_problem-train-00000-of-00002"


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    LinesProblem().generate_data(folder, folder)
    decodes = [([5, 6, 1], [7, 1])] * 5
    DistillProblem(LinesProblem()).write_training_shards(folder, decodes, {})
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def data_dir(generated, tmp_path):
    for name, content in generated.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def records(path):
    return list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())


def emptied(path):
    path.write_bytes(b"")


def cut_at_a_record(path):
    write_records(records(path)[:-1], str(path))


def with_a_record_twice(path):
    found = records(path)
    write_records([*found, found[0]], str(path))


def swapped(path):
    other = path.with_name(path.name.replace("train-00000", "train-00001"))
    mine, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(mine)


def of_another_split(path):
    path.write_bytes(path.with_name("lines_problem-dev-00000-of-00001").read_bytes())


def example(inputs, targets):
    def feature(ids):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=ids))

    features = {"inputs": feature(inputs), "targets": feature(targets)}
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def with_ids(wrong):
    def write(path):
        write_records([example([5, 1], [wrong, 1])], str(path))

    return write


def without_digests(path):
    report = json.loads(path.read_text())
    for counts in report.get("splits", {"": report}).values():
        del counts["digests"]
    path.write_text(json.dumps(report))


SPLIT_DAMAGES = [emptied, cut_at_a_record, with_a_record_twice, of_another_split]


@pytest.mark.parametrize("damage", [*SPLIT_DAMAGES, swapped])
@pytest.mark.parametrize("name", [TRAIN, "lines_problem_distill-train-00000-of-00002"])
def test_other_shards_than_were_written(data_dir, damage, name):
    problem = DistillProblem(LinesProblem()) if "distill" in name else LinesProblem()
    assert len(problem.shard_files(data_dir, "train")) == 2
    damage(data_dir / name)
    with pytest.raises(InputError, match=rf"shard '\S+{name}', of \d sentence pairs, isn't the"):
        problem.shard_files(data_dir, "train")


@pytest.mark.parametrize("damage", SPLIT_DAMAGES)
def test_reports_without_digests_know_the_counts(data_dir, damage):
    without_digests(data_dir / "lines_problem-data.json")
    without_digests(data_dir / "lines_problem_distill-provenance.json")
    for problem in (LinesProblem(), DistillProblem(LinesProblem())):
        name = f"{problem.dataset_filename()}-train-00000-of-00002"
        assert len(problem.shard_files(data_dir, "train")) == 2
        damage(data_dir / name)
        with pytest.raises(InputError, match=rf"{name}' and its like have \d+ \w+ \w+, but '"):
            problem.shard_files(data_dir, "train")


@pytest.mark.parametrize("wrong", [-1, 2**40, 1000])
@pytest.mark.parametrize("known", ["digests", "counts", "nothing"])
def test_ids_outside_the_vocabulary(data_dir, wrong, known):
    report = data_dir / "lines_problem-data.json"
    if known == "counts":
        without_digests(report)
    if known == "nothing":
        report.unlink()
        assert LinesProblem().shard_files(data_dir, "train")
    with_ids(wrong)(data_dir / TRAIN)
    size = LinesProblem().feature_encoders(data_dir)["inputs"].vocab_size
    message = rf"shard '\S+{TRAIN}' has the id {wrong} among its targets, but .* to {size - 1}: "
    with pytest.raises(InputError, match=message):
        LinesProblem().shard_files(data_dir, "train")


def test_another_vocabulary_than_the_shards_were_made_with(data_dir):
    path = data_dir / LinesProblem().vocab_filename
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], *reversed(lines[2:])]) + "\n")
    for problem in (LinesProblem(), DistillProblem(LinesProblem())):
        with pytest.raises(InputError, match="vocabulary of the inputs isn't the one that the sh"):
            problem.shard_files(data_dir, "train")
