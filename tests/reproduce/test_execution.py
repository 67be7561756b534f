"""How a system is exported, and which decodings an export has; the work itself: tests/e2e."""

import dataclasses
import errno
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.reproduce import execution
from t2t_hint_nart.reproduce.execution import Exports, export_averaged, take_over
from t2t_hint_nart.reproduce.pipeline import Pipeline
from tests.exports.table_exports import FINGERPRINT, METADATA, VOCAB
from tests.reproduce.tiny_recipe import TINY_RECIPE as RECIPE


def test_an_export_that_a_kill_left_unnoted_is_made_again(monkeypatch, tmp_path):
    target = tmp_path / "export" / "student_nll"
    seen, loaded = [], []

    def export(model, settings, export_dir, runtime):
        del model
        assert export_dir == str(target) and not target.exists()
        target.mkdir(parents=True)
        seen.append(settings)
        return export_dir

    monkeypatch.setattr(execution, "read_metadata", lambda written: METADATA)
    monkeypatch.setattr(execution, "load_trained", lambda *args: loaded.append(args))
    monkeypatch.setattr(execution, "export", export)
    run = Pipeline(RECIPE, tmp_path, "").run_of(RECIPE.system("student_nll"))
    for _ in range(2):
        # Candidates, which something else ranks, are none of an export's settings.
        told = export_averaged(run, 3, "beam_size=7,length_halfwidth=4,dedup=True", str(target))
        assert told == {"export_dir": str(target), "weights": METADATA.weights_fingerprint}
    assert seen[1].beam_size == 7
    assert seen[1].dedup and not seen[1].length_halfwidth
    model, with_bias, problem, data_dir, checkpoint = loaded[1]
    assert (model, problem.name) == ("transformer_nat", "algorithmic_reverse_tiny_distill")
    assert with_bias.length_bias == 3 and run.hparams.length_bias is None
    assert data_dir == str(tmp_path / "data")
    assert checkpoint == str(tmp_path / "student_nll" / "avg")


def test_a_full_disk_leaves_nothing_of_a_run_that_is_taken_over(monkeypatch, tmp_path):
    earlier, run = (SimpleNamespace(output_dir=str(tmp_path / name)) for name in ("old", "new"))
    (tmp_path / "old").mkdir()
    for name in ("model.ckpt-3.index", "model.ckpt-3.json"):
        (tmp_path / "old" / name).touch()

    def copyfile(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", copyfile)
    with pytest.raises(InputError) as caught:
        take_over(run, earlier)
    assert str(caught.value) == (
        f"{run.output_dir} can't be made of {earlier.output_dir}: [Errno 28] No space left on "
        "device. Once that is put right, run the same command."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


class Opened(str):
    """An export of which there is its directory and what it says of itself."""

    metadata = METADATA

    @property
    def export_dir(self):
        return str(self)


def exports_with(monkeypatch, fingerprint=FINGERPRINT):
    """Exports beside data with a vocabulary."""
    monkeypatch.setattr(execution, "open_export", Opened)
    encoder = SimpleNamespace(vocab_size=VOCAB, fingerprint=lambda: fingerprint)
    problem = SimpleNamespace(
        name=METADATA.problem,
        get_feature_encoders=lambda data_dir: {"inputs": encoder, "targets": encoder},
    )
    return Exports(RECIPE, lambda system: f"export/{system}", problem, "data")


def test_an_export_is_used_with_its_own_vocabulary(monkeypatch):
    words = "^export/teacher doesn't fit reverse: its vocabulary of inputs has fingerprint ffff"
    with pytest.raises(InputError, match=words):
        exports_with(monkeypatch, "cd").outputs("teacher", [[1]])


def test_the_size_is_of_all_that_translates(tmp_path):
    """The newest version of the system's export, and of the scorer's."""
    sizes = {"student_nll/1": 5, "student_nll/2": 2**20, "teacher/1/variables": 2**19}
    for folder, size in sizes.items():
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "weights").write_bytes(bytes(size))
    exports = Exports(RECIPE, lambda name: str(tmp_path / name), None, "data")
    assert exports.size_mib("student_nll", "one_pass") == 1.0
    assert exports.size_mib("student_nll", "rescored_5") == 1.5


def test_decodings_of_an_export(monkeypatch):
    """The scorer is another system's export; how they decode is serving's to say."""
    exports = exports_with(monkeypatch)
    monkeypatch.setattr(execution, "ExportedScorer", lambda export: f"scorer {export}")
    monkeypatch.setattr(execution, "decode_of_export", lambda *args: args)
    assert exports._decode("teacher", "greedy")[0] == "export/teacher"
    assert exports._decode("student_nll", "one_pass") == ("export/student_nll", "", None)
    export, settings, scorer = exports._decode("student_nll", "rescored_5")
    assert (export, scorer) == ("export/student_nll", "scorer export/teacher")
    assert "length_halfwidth=2" in settings


def test_the_candidate_of_the_references_length_is_taken(monkeypatch):
    """Candidate c has T_x + C − B + c positions; here its tokens are 10 more than their number."""

    class Candidates(Opened):
        metadata = dataclasses.replace(METADATA, decode_hparams={"length_bias": 2})

        def require(self, signature):
            assert signature == "candidates"

        def call(self, signature, inputs, halfwidth):
            assert inputs.shape[0] == 1
            middle = inputs.shape[1] + 2
            lengths = [max(middle + d, 1) for d in range(-halfwidth, halfwidth + 1)]
            rows = [[10 + length] * length + [0] * (max(lengths) - length) for length in lengths]
            return {"outputs": np.array([rows])}

    exports = exports_with(monkeypatch)
    monkeypatch.setattr(execution, "open_export", Candidates)
    for encoder in exports.encoders.values():
        encoder.encode = lambda text: [5] * len(text)
        # As a vocabulary of bytes may.
        encoder.decode = lambda ids: "\n".join(map(str, ids))
    pairs = [("abc", "abcdefghi"), ("abc", "abcde"), ("abc", "a"), ("", "")]
    found = exports.with_reference_lengths("student_nll", "one_pass", pairs)
    # As many tokens as the reference has, EOS counted.
    assert found == [" ".join([str(10 + n)] * n) for n in (10, 6, 2, 1)]
