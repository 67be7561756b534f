"""Text that a problem names in tensor2tensor's way, found in tmp_dir."""

import gzip
import io
import json
import tarfile
import zipfile

import pytest

from t2t_hint_nart.data.translate_problem import TranslateProblem
from t2t_hint_nart.errors import InputError
from tests.data.lines_problem import SPLITS

URL = "https://example.org/data"
DATASETS = {
    "text": [[f"{URL}/c.tgz", ("c/train.de", "c/train.en")]],
    "zip": [[f"{URL}/c.zip", ("c/train.de", "c/train.en")]],
    "gzip": [["", ("train.de.gz", "train.en")]],
    "sgml": [[f"{URL}/c.tgz", ("c/train.de.sgm", "c/train.en.sgm")]],
    "tsv": [[f"{URL}/c.tgz", ("tsv", 2, 0, "c/*.tsv")]],
}
FILES = {
    "c/train.de": "der Hund \n\ndie Katze\n",
    "c/train.en": "the dog\nnothing\nthe cat\n",
    "train.de.gz": "der Hund\ndie Katze\n",
    "train.en": "the dog\nthe cat\n",
    "c/train.de.sgm": '<doc>\n<seg id="1"> der Hund </seg>\n<p>\n<seg id="2">die Katze</seg>\n',
    "c/train.en.sgm": '<srcset>\n<seg id="1">the dog</seg>\n<seg id="2">the cat</seg>\n</p>\n',
    "c/train.tsv": "the dog\t1\tder Hund\nno columns\nthe cat\t2\tdie Katze\n",
}
PAIRS = [("der Hund", "the dog"), ("die Katze", "the cat")]


class FilesProblem(TranslateProblem):
    """Says where its text is in tensor2tensor's way."""

    approx_vocab_size = 64
    dataset_splits = SPLITS[:2]
    kind = "text"

    def source_data_files(self, dataset_split):
        return DATASETS[self.kind]


def problem(kind):
    made = type("FilesProblem", (FilesProblem,), {"kind": kind})()
    made.progress = lambda line: None
    return made


def content(name):
    data = FILES[name].encode()
    return gzip.compress(data) if name.endswith(".gz") else data


def write_files(folder):
    for name in FILES:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content(name))


def write_archives(folder):
    with (
        tarfile.open(folder / "c.tgz", "w:gz") as tar,
        zipfile.ZipFile(folder / "c.zip", "w") as packed,
    ):
        for name in FILES:
            info = tarfile.TarInfo(name)
            info.size = len(content(name))
            tar.addfile(info, io.BytesIO(content(name)))
            packed.writestr(name, content(name))


@pytest.mark.parametrize("kind", DATASETS)
@pytest.mark.parametrize("write", [write_files, write_archives])
def test_files_and_archives_in_tmp_dir_are_read(tmp_path, kind, write):
    write(tmp_path)
    if kind == "gzip":
        write_files(tmp_path)
    made = problem(kind)
    assert made.text_is_at_hand(tmp_path)
    made.generate_data(tmp_path / "data", tmp_path)
    assert made.text_pairs(tmp_path / "data", "dev") == PAIRS
    report = json.loads((tmp_path / "data" / "files_problem-data.json").read_text())
    dropped = 1 if kind in ("text", "zip") else 0
    assert report["splits"]["train"]["pairs_dropped"] == {"an empty side": dropped}


@pytest.mark.parametrize("kind", DATASETS)
def test_missing_files_are_named_with_their_url(tmp_path, kind):
    made = problem(kind)
    assert not made.text_is_at_hand(tmp_path)
    url, files = DATASETS[kind][0]
    name = files[3] if kind == "tsv" else files[0]
    with pytest.raises(InputError) as told:
        made.generate_data(tmp_path / "data", tmp_path)
    assert str(told.value).startswith(f"cannot read '{tmp_path / name}': No such file or directory")
    assert url in str(told.value)


def test_what_tensor2tensor_compiled_is_taken(tmp_path):
    for split in ("train", "dev"):
        for side, text in enumerate(("der Hund", "the dog"), start=1):
            path = tmp_path / f"files_problem-compiled-{split}.lang{side}"
            path.write_text(f"{text} {split}\n")
    made = problem("text")
    assert made.text_is_at_hand(tmp_path)
    assert list(made.generate_samples("", tmp_path, "dev")) == [
        {"inputs": "der Hund dev", "targets": "the dog dev"}
    ]


def test_a_vocabulary_of_other_files(tmp_path):
    write_files(tmp_path)
    cls = type("Own", (FilesProblem,), {"vocab_data_files": lambda self: DATASETS["gzip"]})
    assert list(cls().generate_text_for_vocab("", tmp_path)) == [s for pair in PAIRS for s in pair]


@pytest.mark.parametrize(
    ("dataset", "told"),
    [
        (["", ("tmx", "train.tmx")], "only two files, or 'tsv' with two columns and a pattern"),
        (["", ("tsv", 7, 0, "c/*.tsv")], "train.tsv' has no column 7: lines 1 and 3"),
    ],
)
def test_datasets_that_are_not_read(tmp_path, monkeypatch, dataset, told):
    write_files(tmp_path)
    monkeypatch.setitem(DATASETS, "text", [dataset])
    with pytest.raises(InputError, match=told):
        list(problem("text").generate_samples("", tmp_path, "train"))
