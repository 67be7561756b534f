"""What is said of the data in a folder."""

import json

import pytest

from t2t_hint_nart.data import data_report
from t2t_hint_nart.data.distill_problem import DistillProblem
from t2t_hint_nart.errors import InputError
from tests.data.lines_problem import LinesProblem

DECODE_HPARAMS = {"beam_size": 4, "alpha": 0.6, "delimiter": "\n"}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    LinesProblem().generate_data(folder, folder)
    return folder


def test_report_and_provenance(data_dir):
    provenance = {"teacher_fingerprint": "ab12", "decode_hparams": DECODE_HPARAMS}
    DistillProblem(LinesProblem()).write_training_shards(
        data_dir, [([5, 6], [7]), ([8], [9])], provenance, num_shards=1
    )
    shown = data_report.listing(data_dir)
    assert shown[0] == "lines_problem"
    assert shown[1].startswith("  written 20")
    assert shown[2].startswith("  vocabulary vocab.lines_problem.64.subwords: ")
    assert [line.split(":")[0] for line in shown[3:6]] == ["  train", "  dev", "  test"]
    distilled = shown[shown.index("lines_problem_distill") + 1 :]
    assert "  teacher_fingerprint: ab12" in distilled
    assert "  decode_hparams: alpha=0.6, beam_size=4, delimiter='\\n'" in distilled
    assert "  pairs: 2" in distilled
    assert any(line.startswith("  date: 20") for line in distilled)


def test_unfinished_and_unknown(tmp_path):
    (tmp_path / "mine-train-00000-of-00002").write_bytes(b"")
    (tmp_path / f"begun{data_report.UNFINISHED_SUFFIX}").write_text("{}")
    assert data_report.listing(tmp_path) == [
        "begun",
        "  not finished: run t2t-datagen again, it goes on",
        "mine",
        "  shards without a report",
    ]


def test_logs_are_no_problem_of_their_own(tmp_path):
    (tmp_path / "begun-unshuffled-train-00000-of-00002").write_bytes(b"")
    (tmp_path / f"begun{data_report.UNFINISHED_SUFFIX}").write_text("{}")
    assert data_report.listing(tmp_path) == [
        "begun",
        "  not finished: run t2t-datagen again, it goes on",
    ]


def test_nothing_to_tell(tmp_path):
    with pytest.raises(InputError, match="holds no data of any problem"):
        data_report.listing(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        data_report.listing(tmp_path / "none")


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "{}",
        "\xff",
        "[" * 100_000,
        '{"problem": "mine", "random_seed": "1"}',
        {"splits": 3},
        {"splits": {"train": {}}},
        {"vocabulary": {"file": "v"}},
        {"date": None},
    ],
)
@pytest.mark.parametrize("reader", ["listing", "begun", "finished", "shards"])
def test_a_damaged_report_is_told_in_one_line(data_dir, tmp_path, content, reader):
    if isinstance(content, dict):
        report = json.loads((data_dir / "lines_problem-data.json").read_text())
        content = json.dumps({**report, **content})
    path = tmp_path / "lines_problem-data.json"
    path.write_text(content, "latin-1")
    problem = LinesProblem()
    if reader == "begun" and "date" in content and "null" in content:
        assert data_report.begun_report(problem, tmp_path)
        return
    with pytest.raises(
        InputError, match=r"lines_problem-data.json is damaged: .*Remove it"
    ) as told:
        {
            "listing": lambda: data_report.listing(tmp_path),
            "begun": lambda: data_report.begun_report(problem, tmp_path),
            "finished": lambda: data_report.finished_report(problem, tmp_path),
            "shards": lambda: problem.recorded_shards(tmp_path, "train"),
        }[reader]()
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("content", ["{", "[]", '{"pairs": "2"}', "\xff"])
def test_a_damaged_provenance_is_told_in_one_line(tmp_path, content):
    path = tmp_path / "lines_problem_distill-provenance.json"
    path.write_text(content, "latin-1")
    problem = DistillProblem(LinesProblem())
    with pytest.raises(InputError, match=rf"{path} is damaged: .*run t2t-distill"):
        problem.recorded_shards(tmp_path, "train")
    if '"pairs"' not in content:
        with pytest.raises(InputError, match=rf"{path} is damaged: .*Remove it"):
            data_report.listing(tmp_path)


def test_report_of_tokens_and_fingerprints(data_dir):
    report = json.loads((data_dir / "lines_problem-data.json").read_text())
    encoder = LinesProblem().feature_encoders(data_dir)["inputs"]
    for feature in ("inputs", "targets"):
        assert report["vocabulary"][feature] == {
            "size": encoder.vocab_size,
            "fingerprint": encoder.fingerprint(),
        }
    for split in ("train", "dev", "test"):
        pairs = LinesProblem().text_pairs(data_dir, split)
        counts = report["splits"][split]
        assert counts["pairs_written"] == len(pairs)
        for side, name in enumerate(("input_tokens", "target_tokens")):
            assert counts[name] == sum(len(encoder.encode(pair[side])) + 1 for pair in pairs)


def test_dropped_pairs_are_told_by_filter():
    counts = {
        "pairs_read": 10,
        "pairs_dropped": {"empty": 2, "long": 0},
        "duplicate_pairs": 1,
        "pairs_written": 8,
        "input_tokens": 1234,
        "target_tokens": 5,
    }
    vocabulary = {"file": "v", "inputs": {"size": 9, "fingerprint": "f" * 64}}
    vocabulary["targets"] = {"size": 1000, "fingerprint": "0" * 64}
    assert data_report.lines({"vocabulary": vocabulary, "splits": {"train": counts}}) == [
        "vocabulary v: 9 and 1,000 subtokens, fingerprint ffffffffffff",
        "train: 8 of 10 pairs written; dropped: empty 2; tokens 1,234 in, 5 out; 1 duplicate pair",
    ]
