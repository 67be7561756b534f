"""The command that reads tensor2tensor's checkpoints."""

import json
import string

import numpy as np
import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.bin import command_line, t2t_import_checkpoint
from t2t_hint_nart.bin.shared_flags import define_data_flags, define_model_flags
from t2t_hint_nart.output_dir import create_hparams
from t2t_hint_nart.serving.trained_model import load_trained
from t2t_hint_nart.text.subword import SubwordTextEncoder
from tests.interchange.t2t_arrays import (
    VOCAB,
    oracle_parameters,
    read,
    t2t_arrays,
    with_training_state,
    write,
)
from tests.models.tiny_networks import HEADS, tiny_hparams
from tests.oracles.transformer import teacher_forward

PROBLEM = "algorithmic_copy_tiny"
SIZES = "hidden_size=8,filter_size=12,num_heads=2,num_encoder_layers=1,num_decoder_layers=2"


def run(*arguments):
    command_line.run(
        t2t_import_checkpoint._main,
        "t2t-import-checkpoint",
        define_data_flags,
        define_model_flags,
        t2t_import_checkpoint.define_flags,
        argv=arguments,
    )


def store_vocabulary(directory, size):
    subtokens = ["<pad>_", "<EOS>_", *"\\_u;0123456789", *string.ascii_uppercase][:size]
    encoder = SubwordTextEncoder.from_subtokens(subtokens)
    encoder.store(directory / registry.problem(PROBLEM).vocab_filename)


@pytest.fixture(scope="module")
def arrays():
    return t2t_arrays("1.15")


@pytest.fixture(scope="module")
def work(tmp_path_factory, arrays):
    """A checkpoint of T2T and a vocabulary of its size."""
    work = tmp_path_factory.mktemp("work")
    write(work / "t2t" / "model.ckpt-9", with_training_state(arrays, 9))
    (work / "data").mkdir()
    store_vocabulary(work / "data", VOCAB)
    return work


def flags(work, output_dir, **changes):
    values = {
        "checkpoint_path": f"{work}/t2t/model.ckpt-9",
        "model": "transformer",
        "hparams_set": "transformer_test",
        "hparams": SIZES,
        "problem": PROBLEM,
        "data_dir": f"{work}/data",
        "output_dir": str(output_dir),
        **changes,
    }
    return [f"--{name}={value}" for name, value in values.items() if value is not None]


def test_import_then_use_then_export(work, arrays, tmp_path, capsys):
    out = tmp_path / "ours"
    run(*flags(work, out))
    told = capsys.readouterr().out
    assert "attention_projection = 'separate', as in tensor2tensor 1.15" in told
    parameters = sum(array.size for array in arrays.values())
    assert f"Step 9 in the layout of tensor2tensor 1.15: {parameters:,} parameters in " in told
    assert sorted(path.name for path in out.iterdir()) == [
        "checkpoint", "hparams.json", "model.ckpt-9.data-00000-of-00001", "model.ckpt-9.index",
        "model.ckpt-9.json",
    ]  # fmt: skip
    assert json.loads((out / "hparams.json").read_text())["attention_projection"] == "separate"
    learnt = json.loads((out / "model.ckpt-9.json").read_text())["trained_on"]
    assert learnt["problem"] == PROBLEM and learnt["vocabularies"].keys() == {"inputs", "targets"}

    # As t2t-decoder and t2t-exporter load it; hparams.json says the sizes and the attention.
    problem = registry.problem(PROBLEM)
    hparams = create_hparams("transformer_test", output_dir=out)
    trained = load_trained("transformer", hparams, problem, str(work / "data"), str(out))
    assert trained.step == 9
    inputs, targets = np.array([[5, 36, 7, 1]]), np.array([[4, 35, 1]])
    expected = teacher_forward(
        oracle_parameters(arrays), inputs, targets, HEADS, True,
        target_space_id=int(problem.space_ids["targets"]),
    ).logits  # fmt: skip
    logits = trained.model(inputs, targets).logits.numpy()
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-5 * abs(expected).max())

    back = tmp_path / "back" / "model.ckpt-9"
    run(f"--checkpoint_path={out}", f"--export_to={back}")
    assert "in the layout of tensor2tensor 1.15" in capsys.readouterr().out
    again = read(str(back))
    assert all(np.array_equal(again[name], array) for name, array in arrays.items())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"checkpoint_path": None}, "Missing --checkpoint_path."),
        ({"model": None, "data_dir": None}, "Missing --model, --data_dir."),
        ({"model": "transformer_nat"}, "--model=transformer_nat: only transformer is imported."),
        ({"hparams_set": "transformer_tset"}, "Did you mean 'transformer_test'"),
        ({"problem": "algorithmic_copy_tny"}, "Did you mean 'algorithmic_copy_tiny'"),
        ({"data_dir": "nowhere"}, "nowhere"),
        ({"checkpoint_path": "nowhere/model.ckpt-9"}, "No checkpoint at nowhere/model.ckpt-9"),
        ({"hparams": "hiden_size=8"}, "hidden_size"),
        ({"hparams": ""}, "has hidden_size 8, the set 16"),
        ({"hparams": SIZES.replace("12", "16")}, "9 have other shapes, first "),
        ({"hparams": SIZES.replace("layers=2", "layers=3")}, "18 variables are missing, first "),
        ({"export_to": "x", "checkpoint_path": "nowhere/model.ckpt-9"}, "No checkpoint at"),
    ],
)
def test_bad_input_is_told_in_one_line(work, tmp_path, capsys, changes, told):
    out = tmp_path / "ours"
    with pytest.raises(SystemExit) as error:
        run(*flags(work, out, **changes))
    assert error.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("t2t-import-checkpoint: error: ") and told in line
    assert not out.exists()


def test_another_vocabulary(work, tmp_path, capsys):
    data = tmp_path / "data"
    data.mkdir()
    store_vocabulary(data, 20)
    with pytest.raises(SystemExit):
        run(*flags(work, tmp_path / "ours", data_dir=data))
    told = capsys.readouterr().err
    assert f"has embeddings of {VOCAB} subwords, the problem's vocabulary 20: " in told


@pytest.mark.parametrize("name", ["checkpoint", "hparams.json"])
def test_nothing_is_overwritten(work, tmp_path, capsys, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(SystemExit):
        run(*flags(work, tmp_path))
    assert f"{tmp_path} has a {name} already" in capsys.readouterr().err
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_the_sizes_are_those_of_the_tiny_networks():
    hparams = registry.hparams("transformer_test").parse(SIZES)
    assert hparams.values() == tiny_hparams("transformer_test").values()
