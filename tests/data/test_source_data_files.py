"""Text that a problem names in tensor2tensor's way, found in tmp_dir."""

import gzip
import io
import json
import re
import tarfile
import zipfile

import pytest

from t2t_hint_nart.data import source_data_files
from t2t_hint_nart.data.translate_problem import TranslateProblem
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text.archives import unpack
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


def write_tar(path, members):
    with tarfile.open(path, "w:gz") as tar:
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))


def column_pairs(folder, name, pattern="c/*.tsv"):
    return list(source_data_files.dataset_pairs([[name, ("tsv", 0, 1, pattern)]], folder))


def test_an_archive_that_was_unpacked_in_part_is_unpacked_to_the_end(tmp_path, monkeypatch):
    write_tar(tmp_path / "c.tgz", {f"c/{n}.tsv": f"a{n}\tb{n}\n" for n in range(3)})
    unpacked = []

    def killed(archive, name, target):
        if unpacked:
            raise KeyboardInterrupt
        unpacked.append(name)
        unpack(archive, name, target)

    monkeypatch.setattr(source_data_files, "unpack", killed)
    with pytest.raises(KeyboardInterrupt):
        column_pairs(tmp_path, "c.tgz")
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["0.tsv"]
    (tmp_path / "c" / "0.tsv").write_text("mine\tstays\n")
    monkeypatch.undo()
    expected = [("mine", "stays"), ("a1", "b1"), ("a2", "b2")]
    assert column_pairs(tmp_path, "c.tgz") == expected


@pytest.mark.parametrize("pattern", ["c.tsv.gz", "c.tsv", "c.tsv*"])
def test_a_packed_file_is_no_archive(tmp_path, pattern):
    (tmp_path / "c.tsv.gz").write_bytes(gzip.compress(b"a\tb\n"))
    if pattern == "c.tsv":
        (tmp_path / "c.tsv").write_text("a\tb\n")
    assert column_pairs(tmp_path, "c.tsv.gz", pattern) == [("a", "b")]


@pytest.mark.parametrize("name", ["../escaped.tsv", "{}/escaped.tsv", "c/../../escaped.tsv"])
@pytest.mark.parametrize("beside", [{}, {"c.tsv": "a\tb\n"}])
def test_what_leads_out_of_tmp_dir_is_refused(tmp_path, name, beside):
    folder, name = tmp_path / "tmp", name.format(tmp_path)
    folder.mkdir()
    write_tar(folder / "c.tgz", {name: "a\tb\n"} | beside)
    expected = f"'{folder}/c.tgz' has a file '{name}', which would lie outside of '{folder}': pack "
    with pytest.raises(InputError, match=f"^{re.escape(expected)}"):
        column_pairs(folder, "c.tgz", "*.tsv")
    assert [path.name for path in tmp_path.rglob("*")] == ["tmp", "c.tgz"]


def test_segments_without_a_counterpart(tmp_path):
    write_files(tmp_path)
    source, target = DATASETS["sgml"][0][1]
    (tmp_path / target).write_text(FILES[target].replace("</seg>", "", 1))
    told = f"'{tmp_path / target}' ends after segment 1, but '{tmp_path / source}' goes on"
    with pytest.raises(InputError, match=re.escape(told)):
        list(source_data_files.dataset_pairs(DATASETS["sgml"], tmp_path))


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
