"""Shards from any number of processes, after kills, from other text: the same bytes or an error."""

import fcntl
import hashlib
import json
import random
import signal
import subprocess
import sys
import time
import weakref
from pathlib import Path

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.data import encoding_pass, generation, shard_log
from t2t_hint_nart.data.distill_problem import DistillProblem
from t2t_hint_nart.data.shard_files import UNSHUFFLED_SUFFIX
from t2t_hint_nart.data.text_problem import VocabType
from t2t_hint_nart.data.translate_problem import TranslateProblem
from t2t_hint_nart.data.workspace import Workspace
from t2t_hint_nart.errors import InputError
from tests.commands import succeed
from tests.data.lines_problem import PAIRS, SPLITS, LinesProblem

OWN_TEXT = "text2text_tmpdir"
# SHA-256 of the lines "name digest" of each file, of shards that were written one after the other
# in one process, by way of TFRecord files.
DIGESTS = {
    "algorithmic_copy_tiny": "ee82e3f9c15001cad8e6371d275f33e89953724d4484838be0f2f699014e21f5",
    "algorithmic_reverse_tiny": "d3f68d26b4afb7be5adfa7a3fc49478c27364f097328209cd1f2f5775a465dad",
    OWN_TEXT: "56bb66de3c0d8b542dcd20c17dbe441b51e81b967aeea201c044626fb85fd558",
}


@pytest.fixture(scope="session")
def text_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    rng = random.Random(5)
    words = [
        "".join(rng.choice("abcdeéß0_\\-, ") for _ in range(rng.randint(1, 7))).strip() or "x"
        for _ in range(300)
    ]
    for split, count in (("train", 1003), ("eval", 17), ("test", 9)):
        for side in ("inputs", "targets"):
            lines = [" ".join(rng.choices(words, k=rng.randint(1, 12))) for _ in range(count)]
            (folder / f"{side}.{split}.txt").write_text("\n".join(lines) + "\n")
    return folder


def generate(data_dir, text_dir, processes=1, name=OWN_TEXT):
    problem = registry.problem(name)
    problem.num_concurrent_processes = processes
    problem.progress = lambda line: None
    problem.generate_data(data_dir, text_dir)


def contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.is_file()}


def shards(folder):
    return {name: data for name, data in contents(folder).items() if not name.endswith(".json")}


@pytest.fixture(scope="session")
def expected(tmp_path_factory, text_dir):
    """All files but the report, of one process that nothing interrupted."""
    folder = tmp_path_factory.mktemp("expected")
    generate(folder, text_dir)
    return shards(folder)


@pytest.mark.parametrize("name", DIGESTS)
def test_bytes_stay_what_they_were(tmp_path, text_dir, name):
    generate(tmp_path, text_dir, name=name)
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in shards(tmp_path).items()}
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(digests.items()))
    assert hashlib.sha256(lines.encode()).hexdigest() == DIGESTS[name]


def test_two_processes_write_the_same(tmp_path, text_dir, expected):
    generate(tmp_path, text_dir, processes=2)
    assert shards(tmp_path) == expected


class PowerCut(BaseException):
    pass


def cut_power_at(monkeypatch, function, call):
    """Make the n-th call of a function of this package the last thing that happens."""
    module, name = function
    original, calls = getattr(module, name), []

    def called(*args, **kwargs):
        calls.append(None)
        if len(calls) == call:
            raise PowerCut
        return original(*args, **kwargs)

    monkeypatch.setattr(module, name, called)


@pytest.mark.parametrize(
    "cuts",
    [
        [((encoding_pass, "example_bytes"), 1)],
        [((encoding_pass, "example_bytes"), 500), ((encoding_pass, "example_bytes"), 501)],
        [((generation, "read_log"), 1), ((generation, "read_log"), 4)],
        [((encoding_pass, "example_bytes"), 700), ((generation, "read_log"), 11)],
        [((generation.data_report, "finish"), 1)],
        [((Path, "unlink"), 5)],
        [((Path, "unlink"), 13)],
    ],
)
def test_goes_on_where_it_was_cut_off(tmp_path, text_dir, expected, cuts):
    for function, call in cuts:
        with pytest.MonkeyPatch.context() as patch, pytest.raises(PowerCut):
            cut_power_at(patch, function, call)
            generate(tmp_path, text_dir)
    encoded = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shard_log.ShardLog, "append", counting(shard_log.ShardLog.append, encoded))
        generate(tmp_path, text_dir)
    assert shards(tmp_path) == expected
    assert len(encoded) < 1003 + 17 + 9 or cuts[0][1] == 1


def counting(method, calls):
    def counted(*args):
        calls.append(None)
        return method(*args)

    return counted


def test_finished_shards_are_left_alone(tmp_path, text_dir, expected):
    generate(tmp_path, text_dir)
    names = [f"{OWN_TEXT}-train-{shard:05d}-of-00010" for shard in (3, 7)]
    (tmp_path / names[0]).unlink()
    generate(tmp_path, text_dir)
    assert shards(tmp_path) == expected
    (tmp_path / names[1]).write_bytes(expected[names[1]] * 2)
    before = contents(tmp_path)
    for missing in ([], [names[0]]):
        for name in missing:
            (tmp_path / name).unlink()
            del before[name]
        with pytest.raises(InputError, match=rf"shard '\S+{names[1]}', of 200 .* remove it and"):
            generate(tmp_path, text_dir)
        assert contents(tmp_path) == before


def test_killed_with_all_its_processes(tmp_path, text_dir, expected, monkeypatch):
    gated = tmp_path / "gated_usr_dir"
    gated.mkdir()
    (gated / "__init__.py").write_text(GATED)
    data_dir = tmp_path / "data"
    flags = [f"--data_dir={data_dir}", f"--tmp_dir={text_dir}", f"--t2t_usr_dir={gated}"]
    flags += ["--problem=gated_text", "--num_concurrent_processes=2"]
    program = "from t2t_hint_nart.bin.t2t_datagen import main; main()"

    def encoded():
        logs = data_dir.glob(f"gated_text{UNSHUFFLED_SUFFIX}-train-*")
        return sum(path.stat().st_size > 64 for path in logs)

    # Only the first process is killed: the others must notice and let go of the logs. None of them
    # comes to its end before the gate is there.
    gate = tmp_path / "gate"
    monkeypatch.setenv("GATE", str(gate))
    command = [sys.executable, "-c", program, *flags]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not encoded() and process.poll() is None:
        time.sleep(0.02)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    gate.touch()
    assert not list(data_dir.glob("gated_text-train-*"))

    # In this process, which forgets the problem and the small buffer.
    monkeypatch.setattr(registry._problems, "_entries", dict(registry._problems._entries))
    monkeypatch.setattr(shard_log, "_BUFFER_BYTES", shard_log._BUFFER_BYTES)
    succeed("t2t-datagen", *flags)
    del sys.modules[gated.name]
    found = {name.replace("gated_text", OWN_TEXT): data for name, data in shards(data_dir).items()}
    assert found == expected


GATED = """
import os, time
from pathlib import Path
from t2t_hint_nart import registry
from t2t_hint_nart.data import shard_log

Own = type(registry.problem("text2text_tmpdir"))
shard_log._BUFFER_BYTES = 64

@registry.register_problem
class GatedText(Own):
    "A user's problem that another process finds in --t2t_usr_dir."
    registered_name = "gated_text"

    def pair_encoder(self, data_dir):
        encode = super().pair_encoder(data_dir)
        left = 100
        def gated(sample):
            nonlocal left
            left -= 1
            while left < 0 and not Path(os.environ["GATE"]).exists():
                time.sleep(0.01)
            return encode(sample)
        return gated
"""


class Pair(dict):
    """A sample whose life can be watched."""


class WatchedProblem(LinesProblem):
    approx_vocab_size = 32

    def __init__(self):
        super().__init__()
        self.alive = weakref.WeakValueDictionary()
        self.most = 0

    def generate_samples(self, data_dir, tmp_dir, dataset_split):
        for number in range(5000 if dataset_split == "train" else 10):
            pair = Pair(inputs=f"{number % 7}", targets=f"{number % 5}")
            self.alive[id(pair)] = pair
            self.most = max(self.most, len(self.alive))
            yield pair
            del pair


def test_samples_are_taken_one_by_one(tmp_path):
    problem = WatchedProblem()
    problem.generate_data(tmp_path, tmp_path)
    assert 1 <= problem.most <= 3


class FilteredProblem(LinesProblem):
    def pair_filters(self, split):
        if split != "train":
            return {}
        return {
            "sleepy": lambda source, target: "sleeps" not in target,
            "negated": lambda source, target: "nicht" not in source and "schläft" not in source,
        }


def test_filters_decide_on_shards_and_vocabulary(tmp_path):
    problem = FilteredProblem()
    problem.generate_data(tmp_path, tmp_path)
    kept = [PAIRS["train"][0], PAIRS["train"][4]]
    assert sorted(problem.text_pairs(tmp_path, "train")) == sorted(kept)
    assert problem.text_pairs(tmp_path, "dev") == PAIRS["dev"]
    subtokens = (tmp_path / problem.vocab_filename).read_text()
    assert "'loudly_'" in subtokens and "'cat_'" not in subtokens
    report = json.loads((tmp_path / "filtered_problem-data.json").read_text())["splits"]
    assert report["train"]["pairs_dropped"] == {"sleepy": 2, "negated": 1}
    assert report["train"]["pairs_read"] == 5 and report["train"]["pairs_written"] == 2
    assert report["dev"]["pairs_dropped"] == {}


class NothingLeftProblem(LinesProblem):
    def pair_filters(self, split):
        return {"all": lambda source, target: split != "dev"}


def test_nothing_left_by_the_filters(tmp_path):
    with pytest.raises(InputError, match=r"its filters refuse all 2 of the text"):
        NothingLeftProblem().generate_data(tmp_path, tmp_path)
    assert contents(tmp_path) == {}


class OwnText(LinesProblem):
    """Has the text that a test gives it."""

    def __init__(self, **changes):
        super().__init__()
        self.pairs = {**PAIRS, **changes}
        self.told = []
        self.progress = self.told.append


OTHER = [("das Zebra bellt .", "the zebra barks ."), *PAIRS["train"]]


@pytest.mark.parametrize(
    ("differs", "changes"),
    [
        ("another train text, or other filters", {"train": OTHER}),
        ("another dev text, or other filters", {"dev": OTHER}),
        ("another train and test text, or other filters", {"train": OTHER, "test": OTHER}),
    ],
)
@pytest.mark.parametrize("removed", [None, "own_text-train-00001-of-00002"])
def test_other_text_is_refused(tmp_path, differs, changes, removed):
    OwnText().generate_data(tmp_path, tmp_path)
    if removed:
        (tmp_path / removed).unlink()
    before = contents(tmp_path)
    with pytest.raises(InputError) as told:
        OwnText(**changes).generate_data(tmp_path, tmp_path)
    assert str(told.value) == (
        f"the data of 'own_text' in '{tmp_path}' were made with {differs}; to start anew remove "
        f"'{tmp_path}/own_text-*' and '{tmp_path}/vocab.own_text.64.subwords*', or choose another "
        "--data_dir"
    )
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("random_seed", 5, "--random_seed=429459, not 5"),
        ("inputs_prefix", "translate ", "other prefixes"),
        (
            "dataset_splits",
            [{"split": "train", "shards": 2}, {"split": "dev", "shards": 1}],
            "anot",
        ),
    ],
)
def test_other_settings_are_refused(tmp_path, name, value, told):
    OwnText().generate_data(tmp_path, tmp_path)
    problem = type("OwnText", (OwnText,), {name: value})()
    with pytest.raises(InputError, match=rf"were made with {told}.*; to start anew remove "):
        problem.generate_data(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("name", "least", "told"),
    [
        ("short", 5, "another train text, or other filters"),
        # The same pairs are refused.
        ("brief", 4, "other filters or prefixes"),
    ],
)
def test_other_filters_are_refused(tmp_path, name, least, told):
    def filtered(name, least):
        filters = {name: lambda source, target: len(target.split()) >= least}
        of_split = {"train": filters, "dev": {}, "test": {}}
        return type("OwnText", (OwnText,), {"pair_filters": lambda self, split: of_split[split]})()

    filtered("short", 4).generate_data(tmp_path, tmp_path)
    with pytest.raises(InputError, match=f"were made with {told}; to start anew remove "):
        filtered(name, least).generate_data(tmp_path, tmp_path)


def test_an_edited_vocabulary_is_refused(tmp_path):
    OwnText().generate_data(tmp_path, tmp_path)
    path = tmp_path / OwnText().vocab_filename
    path.write_text(path.read_text().replace("'the_'", "'THE_'"))
    with pytest.raises(InputError, match="were made with another vocabulary; "):
        OwnText().generate_data(tmp_path, tmp_path)


def remove(folder, *patterns):
    for pattern in patterns:
        for path in folder.glob(pattern):
            path.unlink()


def test_the_old_vocabulary_is_not_kept_without_a_word(tmp_path):
    OwnText().generate_data(tmp_path, tmp_path)
    vocabulary = tmp_path / OwnText().vocab_filename
    remove(tmp_path, "own_text-*")
    with pytest.raises(InputError) as told:
        OwnText(train=OTHER).generate_data(tmp_path, tmp_path)
    assert str(told.value) == (
        f"the vocabulary '{vocabulary}' was made of other text than there is now; remove "
        f"'{vocabulary}*' to have it made anew, or '{vocabulary}.json' alone to keep it"
    )
    kept = OwnText(train=OTHER)
    remove(tmp_path, vocabulary.name + ".json")
    kept.generate_data(tmp_path, tmp_path)
    assert kept.told[0].startswith(f"vocabulary: {vocabulary} is there already and kept, ")
    remove(tmp_path, "own_text-*", vocabulary.name + "*")
    OwnText(train=OTHER).generate_data(tmp_path, tmp_path)
    assert "z" in vocabulary.read_text()
    again = OwnText(train=OTHER)
    again.generate_data(tmp_path, tmp_path)
    assert again.told == [f"all in {tmp_path} already, made of this text with these settings"]


class DownloadedText(OwnText):
    def text_is_at_hand(self, tmp_dir):
        return False


def test_finished_data_are_accepted_where_their_text_is_not(tmp_path):
    problem = DownloadedText()
    problem.generate_data(tmp_path, tmp_path)
    problem.told.clear()
    problem.generate_data(tmp_path, tmp_path / "none")
    (line,) = problem.told
    assert f"not compared with their text, which isn't in {tmp_path}/none; to start anew" in line
    remove(tmp_path, "downloaded_text-data.json")
    problem.told.clear()
    problem.generate_data(tmp_path, tmp_path)
    assert "what text they are of isn't recorded; to start anew remove" in problem.told[0]


class LocalText(DownloadedText):
    """Of a folder without a test set; where there is none, everything would be downloaded."""

    def splits_in(self, tmp_dir):
        return SPLITS[:2] if tmp_dir.exists() else SPLITS


def test_what_is_finished_does_not_depend_on_where_text_is(tmp_path):
    problem, data_dir, nowhere = LocalText(), tmp_path / "data", tmp_path / "nowhere"
    problem.generate_data(data_dir, tmp_path)
    problem.told.clear()
    problem.generate_data(data_dir, nowhere)
    (line,) = problem.told
    assert f"not compared with their text, which isn't in {nowhere}; to start anew" in line
    distilled = DistillProblem(problem)
    distilled.write_training_shards(data_dir, [([5], [6]), ([7], [8])], {})
    distilled.generate_data(data_dir, nowhere)
    # All that was written has to be there.
    (data_dir / "local_text-dev-00000-of-00001").unlink()
    assert not problem.is_generated(data_dir, nowhere)
    assert not distilled.is_generated(data_dir, nowhere)


def test_shards_of_unknown_origin_are_refused(tmp_path, text_dir):
    path = tmp_path / f"{OWN_TEXT}-train-00003-of-00010"
    path.write_bytes(b"mine")
    with pytest.raises(InputError, match=r"-00003-of-00010' is there, and .* isn't recorded; to "):
        generate(tmp_path, text_dir)
    assert path.read_bytes() == b"mine"


def test_bad_text_is_told_before_anything_is_written(tmp_path, text_dir):
    for path in text_dir.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / "targets.test.txt").open("ab") as file:
        file.write(b"\xff\n")
    with pytest.raises(InputError, match=r"targets.test.txt' is not UTF-8 text at line 10"):
        generate(tmp_path / "data", tmp_path, processes=2)
    assert contents(tmp_path / "data") == {}


def test_text_that_changes_while_it_is_read(tmp_path):
    class Shrinking(LinesProblem):
        calls = 0

        def generate_samples(self, data_dir, tmp_dir, dataset_split):
            samples = list(super().generate_samples(data_dir, tmp_dir, dataset_split))
            type(self).calls += dataset_split == "train"
            return iter(samples[: 6 - self.calls])

    with pytest.raises(InputError, match=r"has 3 sentence pairs; when it was read before it had 5"):
        Shrinking().generate_data(tmp_path, tmp_path)


def test_one_task_then_all(tmp_path, text_dir, expected):
    problem = registry.problem(OWN_TEXT)
    problem.progress = lambda line: None
    problem.generate_data(tmp_path, text_dir, task_id=4)
    written = f"{OWN_TEXT}-train-00004-of-00010"
    assert [name for name in shards(tmp_path) if "-of-" in name] == [written]
    assert shards(tmp_path)[written] == expected[written]
    problem.generate_tasks(tmp_path, text_dir, range(3, 6))
    assert sum("-of-" in name for name in shards(tmp_path)) == 3
    with pytest.raises(InputError, match="task 10 isn't one of .* 0 to 9"):
        problem.generate_data(tmp_path, text_dir, task_id=10)
    generate(tmp_path, text_dir, processes=2)
    assert shards(tmp_path) == expected


def test_what_tasks_share_is_written_by_one_at_a_time(tmp_path, text_dir, expected):
    """As machines do that share a directory: the last two see that all is there."""
    held = (tmp_path / ".vocab-and-report.lock").open("w")
    fcntl.flock(held, fcntl.LOCK_EX)
    told, finished = [], []

    def released(line):
        told.append(line)
        if "is being written by another process" in line:
            assert shards(tmp_path) == {".vocab-and-report.lock": b""}
            held.close()
        elif "10 shard(s)" in line:
            # Another one finishes before.
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(problem, "progress", finished.append)
                generation.generate(Workspace(problem, tmp_path, text_dir))

    problem = registry.problem(OWN_TEXT)
    problem.progress = released
    problem.generate_tasks(tmp_path, text_dir, range(10))
    assert sum("is being written by another process" in line for line in told) == 1
    # What was finished once isn't finished again.
    assert "pairs written" in told[-1] and any(line.startswith("train: 1,003") for line in finished)
    assert shards(tmp_path) == expected


def test_several_processes_need_a_registered_problem(tmp_path):
    problem = LinesProblem()
    problem.num_concurrent_processes = 2
    with pytest.raises(InputError, match="'lines_problem' is not registered"):
        problem.generate_data(tmp_path / "data", tmp_path)
    assert not (tmp_path / "data").exists()


class RandomProblem(LinesProblem):
    """Draws from Python's own generator, as tensor2tensor's problems do."""

    def generate_samples(self, data_dir, tmp_dir, dataset_split):
        for _ in range(20):
            yield {"inputs": str(random.random()), "targets": "x"}


def test_the_same_samples_in_every_pass(tmp_path):
    for folder in "ab":
        random.seed(folder)
        RandomProblem().generate_data(tmp_path / folder, tmp_path)
    assert shards(tmp_path / "a") == shards(tmp_path / "b")


class EncodingProblem(LinesProblem):
    """Makes ids itself, which tensor2tensor's problems may."""

    def generate_encoded_samples(self, data_dir, tmp_dir, dataset_split):
        for sample in self.generate_samples(data_dir, tmp_dir, dataset_split):
            yield {"inputs": [len(sample["inputs"]), 1], "targets": [7, 1]}


def test_samples_that_a_problem_encodes_itself(tmp_path):
    from t2t_hint_nart.data.shards import read_shard

    EncodingProblem().generate_data(tmp_path, tmp_path)
    (path,) = EncodingProblem().shard_files(tmp_path, "test")
    assert list(read_shard(path)) == [{"inputs": [len("die Katze singt ."), 1], "targets": [7, 1]}]


@pytest.mark.parametrize("wrong", [-1, 258, 2**40])
def test_ids_that_the_vocabulary_does_not_have(tmp_path, wrong):
    class WrongIds(IdsProblem):
        def generate_encoded_samples(self, data_dir, tmp_dir, dataset_split):
            yield {"inputs": [5, 1], "targets": [6, 1]}
            yield {"inputs": [5, 1], "targets": [wrong, 1]}

    with pytest.raises(InputError, match=rf"the id {wrong} among the targets of pair 2, .* to 257"):
        WrongIds().generate_data(tmp_path, tmp_path)
    assert not list(tmp_path.glob("wrong_ids-train-*"))


class IdsProblem(TranslateProblem):
    """Has no text, only ids; the vocabulary is that of bytes."""

    vocab_type = VocabType.CHARACTER
    dataset_splits = SPLITS

    def generate_encoded_samples(self, data_dir, tmp_dir, dataset_split):
        for number in range(7 if dataset_split == "train" else 2):
            yield {"inputs": [number // 2 + 2, 1], "targets": [9, 1]}

    def pair_filters(self, split):
        return {"all": lambda source, target: False}


def test_ids_without_text(tmp_path):
    from t2t_hint_nart.data.shards import read_shard

    IdsProblem().generate_data(tmp_path, tmp_path)
    pairs = [
        pair for path in IdsProblem().shard_files(tmp_path, "train") for pair in read_shard(path)
    ]
    assert sorted(pair["inputs"][0] for pair in pairs) == [2, 2, 3, 3, 4, 4, 5]
    report = json.loads((tmp_path / "ids_problem-data.json").read_text())["splits"]
    assert report["train"]["pairs_read"] == report["train"]["pairs_written"] == 7
    assert report["train"]["pairs_dropped"] == {}
    assert report["train"]["duplicate_pairs"] == 3
    assert report["dev"]["pairs_in_training"] == 2


class SilentProblem(TranslateProblem):
    dataset_splits = SPLITS


def test_a_problem_without_samples_is_told_what_to_write(tmp_path):
    with pytest.raises(
        InputError, match=r"'silent_problem' has no .*'targets': \.\.\.}, and no so"
    ):
        SilentProblem().generate_data(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("name", "default", "value"),
    [
        ("packed_length", None, 256),
        ("additional_reserved_tokens", [], ["<tag>"]),
        ("datatypes_to_clean", None, ["txt"]),
    ],
)
def test_properties_that_are_not_read_are_refused(tmp_path, name, default, value):
    cls = type("OwnProblem", (LinesProblem,), {name: value})
    with pytest.raises(InputError, match=rf"'own_problem' has {name}=.*: .*; leave it out"):
        cls().generate_data(tmp_path, tmp_path)
    assert contents(tmp_path) == {}
    type("DefaultProblem", (LinesProblem,), {name: default})().generate_data(tmp_path, tmp_path)
