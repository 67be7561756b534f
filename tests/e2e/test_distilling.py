"""t2t-distill: the teacher's translations as training data."""

import json
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.data.shards import read_shard
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.capabilities import ExportedTranslator
from t2t_hint_nart.serving.distillation import distill
from tests.commands import succeed
from tests.e2e.conftest import PROBLEM

SHARD = f"{PROBLEM}_distill-train-00000-of-00001"
PROVENANCE = f"{PROBLEM}_distill-provenance.json"
JOURNAL = f"{PROBLEM}_distill-journal.jsonl.incomplete"


@pytest.fixture(scope="module")
def base_data(experiment, tmp_path_factory):
    """The data as they were before they were distilled."""
    directory = tmp_path_factory.mktemp("base") / "data"
    ignore = shutil.ignore_patterns("*_distill*")
    return shutil.copytree(experiment.data_dir, directory, ignore=ignore)


@pytest.fixture
def data_dir(base_data, tmp_path):
    return shutil.copytree(base_data, tmp_path / "data")


def flags(data_dir, experiment):
    return {
        "problem": PROBLEM,
        "data_dir": data_dir,
        "teacher_export_dir": experiment.export_dir("teacher"),
    }


def provenance(directory):
    values = json.loads((Path(directory) / PROVENANCE).read_text())
    return {name: value for name, value in values.items() if name != "date"}


def test_killed_and_resumed_or_in_one_go_the_shards_are_the_same(experiment, data_dir):
    assert "distil" in experiment.runs  # it was killed there
    out = succeed("t2t-distill", **flags(data_dir, experiment), batch_size=256)
    assert out.startswith(f"4000 pairs of {PROBLEM}_distill in {data_dir}.")
    once, resumed = (Path(directory) / SHARD for directory in (data_dir, experiment.data_dir))
    assert once.read_bytes() == resumed.read_bytes()
    assert provenance(data_dir) == provenance(experiment.data_dir)
    assert not list(Path(data_dir).glob("*.incomplete"))


def test_provenance_says_where_the_targets_come_from(experiment, teacher):
    values = registry.problem(f"{PROBLEM}_distill").provenance(experiment.data_dir)
    assert values["teacher_export_dir"] == experiment.saved_model("teacher")
    assert values["teacher_fingerprint"] == teacher.metadata.weights_fingerprint
    assert values["teacher_step"] == 480
    assert values["decode_hparams"]["beam_size"] == 4
    assert values["decode_hparams"]["extra_length"] == 4
    assert (values["problem"], values["base_problem"]) == (f"{PROBLEM}_distill", PROBLEM)
    assert values["pairs"] == 4000 and values["date"]
    assert values["target_tokens"] > 4000


def test_targets_are_the_teachers_translations_of_the_same_sources(experiment, teacher):
    distilled = registry.problem(f"{PROBLEM}_distill")
    pairs = distilled.text_pairs(experiment.data_dir, "train")
    assert sorted(source for source, _ in pairs) == sorted(
        source for source, _ in experiment.pairs("train")
    )
    assert teacher.translate([source for source, _ in pairs[:64]]) == [
        target for _, target in pairs[:64]
    ]
    for split in ("dev", "test"):
        assert distilled.text_pairs(experiment.data_dir, split) == experiment.pairs(split)


@pytest.fixture(scope="module")
def header(teacher, base_data, tmp_path_factory):
    """The first line of a journal of this teacher and these data."""
    directory = shutil.copytree(base_data, tmp_path_factory.mktemp("journal") / "data")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(ExportedTranslator, "decode", lambda *_: sys.exit(137))
        distill(teacher, registry.problem(f"{PROBLEM}_distill"), str(directory))
    (line,) = (directory / JOURNAL).read_text().splitlines()
    return line


def test_a_torn_last_line_is_decoded_again(experiment, teacher, header, data_dir):
    """All sentences but the last were decoded, to what no teacher would say."""
    made_up = [[i % 7 + 2, 1] for i in range(3999)]
    lines = [header, *(json.dumps([i, ids]) for i, ids in enumerate(made_up)), "[3999, [5"]
    (data_dir / JOURNAL).write_text("\n".join(lines))
    distill(teacher, registry.problem(f"{PROBLEM}_distill"), str(data_dir))
    targets = Counter(tuple(pair["targets"]) for pair in read_shard(str(data_dir / SHARD)))
    (last,) = (targets - Counter(map(tuple, made_up))).elements()
    encoder = registry.problem(PROBLEM).get_feature_encoders(data_dir)["targets"]
    source, _ = experiment.pairs("train")[3999]
    assert encoder.decode(last[:-1]) == teacher.translate([source])[0]


def change(header, **values):
    return json.dumps({**json.loads(header), **values}) + "\n"


@pytest.mark.parametrize(
    "make",
    [
        lambda header: change(header, teacher="another"),
        lambda header: change(header, decode_hparams={"beam_size": 5}),
        lambda header: change(header, sources="others"),
        lambda header: "",
        lambda header: header[:20],
        lambda header: "\udcff\n" + header,
    ],
    ids=["teacher", "decoding", "data", "empty", "torn", "not a journal"],
)
def test_a_journal_of_something_else_is_refused(teacher, header, data_dir, make):
    content = make(header).encode("utf-8", "surrogateescape")
    (data_dir / JOURNAL).write_bytes(content)
    with pytest.raises(InputError) as caught:
        distill(teacher, registry.problem(f"{PROBLEM}_distill"), str(data_dir))
    assert str(caught.value) == (
        f"{data_dir / JOURNAL} is the start of a distillation with another teacher or data; "
        "delete it to start anew."
    )
    assert (data_dir / JOURNAL).read_bytes() == content
    assert not list(data_dir.glob("*_distill-train*"))
