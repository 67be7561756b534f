import json

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError, UnknownNameError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.output_dir import (
    changed_hparams,
    create_hparams,
    stored_hparams,
    write_flags,
    write_hparams,
)

SET = "transformer_tiny"


@pytest.fixture
def run(tmp_path):
    """A run that was started with another width and one head."""
    write_hparams(tmp_path, registry.hparams(SET).parse("hidden_size=64,num_heads=1"))
    return tmp_path


def test_set_then_file_then_overrides(run):
    said = []
    hparams = create_hparams(SET, "num_heads=2,batch_size=99", run, said.append)
    assert (hparams.hidden_size, hparams.num_heads, hparams.batch_size) == (64, 2, 99)
    assert hparams.filter_size == registry.hparams(SET).filter_size
    assert said == [
        f"{run}/hparams.json: hidden_size = 64 (set {SET}: 128)",
        f"{run}/hparams.json: num_heads = 1 (set {SET}: 4)",
    ]


@pytest.mark.parametrize("directory", [None, "", "nowhere"])
def test_without_a_run_the_set_and_the_overrides_hold(directory, capsys):
    hparams = create_hparams(SET, "num_heads=2", directory)
    assert (hparams.hidden_size, hparams.num_heads) == (128, 2)
    assert capsys.readouterr().out == ""


def test_what_is_written_is_what_is_read(tmp_path):
    hparams = registry.hparams("transformer_nat_small").parse("length_bias=3,learning_rate=1e-7")
    write_hparams(tmp_path / "new" / "run", hparams)
    assert stored_hparams(tmp_path / "new" / "run") == hparams.values()
    again = create_hparams("transformer_nat_small", "", tmp_path / "new" / "run", lambda _: None)
    assert again.values() == hparams.values()


def test_the_file_is_one_sorted_key_a_line(run):
    lines = (run / "hparams.json").read_text().splitlines()
    assert (lines[0], lines[-1]) == ("{", "}")
    keys = [line.split(":")[0] for line in lines[1:-1]]
    assert keys == sorted(keys) and len(keys) == len(registry.hparams(SET).values())


def test_a_key_that_the_set_does_not_know_is_left_alone(run):
    """A file of another version, or of tensor2tensor."""
    values = json.loads((run / "hparams.json").read_text())
    (run / "hparams.json").write_text(json.dumps({**values, "shared_embedding": True}))
    hparams = create_hparams(SET, "", run, lambda _: None)
    assert "shared_embedding" not in hparams and hparams.hidden_size == 64


@pytest.mark.parametrize("content", ["", "{", "[1]", "null", "7"])
def test_a_damaged_file_is_refused(run, content):
    (run / "hparams.json").write_text(content)
    with pytest.raises(InputError) as caught:
        create_hparams(SET, "", run)
    message = str(caught.value)
    assert message.startswith(f"{run}/hparams.json is damaged: ") and "\n" not in message
    assert message.endswith("Delete it to use the set's values.")


def test_a_value_of_another_type_is_refused(run):
    (run / "hparams.json").write_text(json.dumps({"hidden_size": "wide"}))
    with pytest.raises(InputError, match="hidden_size"):
        create_hparams(SET, "", run, lambda _: None)


def test_an_unknown_set_is_refused(run):
    with pytest.raises(UnknownNameError, match="Did you mean 'transformer_tiny'"):
        create_hparams("transformer_tny", "", run)


def test_every_set_is_a_fresh_one(run):
    create_hparams(SET, "num_heads=2", run, lambda _: None).hidden_size = 1
    assert create_hparams(SET, "", None).hidden_size == 128


def test_flags_are_replaced_whole(tmp_path):
    write_flags(tmp_path / "run", "--a=1\n")
    write_flags(tmp_path / "run", "--b=2\n")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["flags.txt"]
    assert (tmp_path / "run" / "flags.txt").read_text() == "--b=2\n"


def test_what_has_changed_since_is_told(tmp_path):
    hparams = HParams(optimizer="adam", max_length=256, sizes=(1, 2), train_steps=10)
    assert changed_hparams(tmp_path, hparams) == []
    write_hparams(tmp_path, hparams)
    assert changed_hparams(tmp_path, hparams) == []
    later = HParams(optimizer="sgd", max_length=100, sizes=(1, 2), train_steps=20, new=1)
    assert changed_hparams(tmp_path, later) == [
        "max_length 256 -> 100",
        "optimizer 'adam' -> 'sgd'",
    ]
