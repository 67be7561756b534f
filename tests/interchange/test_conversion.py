"""Imported checkpoints give the logits of an independent forward pass, and go back unchanged."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.interchange.conversion import (
    check_sizes,
    export_checkpoint,
    import_checkpoint,
)
from t2t_hint_nart.interchange.t2t_checkpoint import open_t2t_checkpoint
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.training.averaging import write_model_values
from t2t_hint_nart.training.checkpoints import restore_model
from tests.interchange.t2t_arrays import (
    DISTANCES,
    SET,
    SOURCE_VOCAB,
    VOCAB,
    oracle_parameters,
    read,
    t2t_arrays,
    with_training_state,
    write,
)
from tests.models.tiny_networks import HEADS, WIDTH, tiny_hparams, tiny_network
from tests.oracles.transformer import teacher_forward

INPUTS = np.array([[5, 36, 7, 9, 1], [8, 30, 1, 0, 0]])
TARGETS = np.array([[4, 35, 3, 1], [20, 1, 0, 0]])
SPACE = 8
POST_NORM = {"layer_preprocess_sequence": "none", "layer_postprocess_sequence": "dan"}
RELATIVE = {
    "self_attention_type": "dot_product_relative",
    "max_relative_position": DISTANCES // 2,
    "pos": None,
}
LAYER = "transformer/body/decoder/layer_0"


def network(version="1.15", pre_norm=True, shared=True, **changes):
    if not pre_norm:
        changes = POST_NORM | changes
    hparams = tiny_hparams(SET[version], **changes)
    source = VOCAB if shared else SOURCE_VOCAB
    return registry.model("transformer")(
        hparams, VOCAB, source_vocab_size=source, target_space_id=SPACE
    )


def refusal(function, *arguments):
    with pytest.raises(InputError) as error:
        function(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """One of 1.15, never changed."""
    path = tmp_path_factory.mktemp("t2t") / "model.ckpt-7"
    return open_t2t_checkpoint(write(path, with_training_state(t2t_arrays("1.15"), 7)))


@pytest.mark.parametrize(
    ("version", "pre_norm", "shared", "relative"),
    [("1.15", True, True, False), ("1.15", True, False, False), ("1.15", False, True, False),
     ("1.15", True, True, True), ("1.2.9", True, True, False), ("1.2.9", True, False, False),
     ("1.2.9", False, True, False), ("1.2.9", True, True, True)],
)  # fmt: skip
def test_logits_and_round_trip(tmp_path, version, pre_norm, shared, relative):
    arrays = t2t_arrays(version, pre_norm, shared, relative=relative)
    changes = RELATIVE if relative else {}
    path = write(tmp_path / "t2t" / "model.ckpt-250", with_training_state(arrays, 250))
    opened = open_t2t_checkpoint(path)
    assert (opened.layout.version, opened.step) == (version, 250)
    assert opened.parameter_count == sum(array.size for array in arrays.values())
    vocab_sizes = {"inputs": VOCAB if shared else SOURCE_VOCAB, "targets": VOCAB}
    check_sizes(opened, vocab_sizes, WIDTH)

    fresh = network(version, pre_norm, shared, **changes)
    written = import_checkpoint(opened, fresh, tmp_path / "ours")
    assert written == str(tmp_path / "ours" / "model.ckpt-250")
    model = network(version, pre_norm, shared, **changes)
    assert restore_model(model, written) == 250
    logits = model(INPUTS, TARGETS).logits.numpy()
    expected = teacher_forward(
        oracle_parameters(arrays), INPUTS, TARGETS, HEADS, pre_norm, SPACE, timing=not relative
    ).logits
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-5 * abs(expected).max())

    back = tmp_path / "back" / "model.ckpt-250"
    assert export_checkpoint(written, str(back)).version == version
    again = read(str(back))
    assert again.keys() == {*arrays, "global_step"} and again["global_step"] == 250
    assert again["global_step"].dtype == np.int64
    for name, array in arrays.items():
        assert again[name].dtype == np.float32 and np.array_equal(again[name], array), name
    assert "exists; nothing is overwritten" in refusal(export_checkpoint, written, str(back))


def test_tables_in_one_piece(tmp_path):
    arrays = t2t_arrays("1.15")
    pieces = [name for name in arrays if "/shared/weights_" in name]
    table = np.concatenate([arrays.pop(f"{pieces[0][:-1]}{i}") for i in range(len(pieces))])
    path = write(tmp_path / "model.ckpt-1", {**arrays, pieces[0]: table})
    model = network()
    restore_model(model, import_checkpoint(open_t2t_checkpoint(path), model, tmp_path / "ours"))
    assert np.array_equal(named_variables(model)["softmax/table"].numpy(), table)


@pytest.mark.parametrize(("name", "step"), [("averaged.ckpt-40", 40), ("weights", 0)])
def test_step_without_a_counter(tmp_path, name, step):
    opened = open_t2t_checkpoint(write(tmp_path / name, t2t_arrays("1.2.9")))
    assert opened.step == step


def test_the_newest_of_a_directory(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for step in (1, 2):
        path = write(tmp_path / f"model.ckpt-{step}", with_training_state(t2t_arrays("1.15"), step))
    Path(tmp_path / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-1"\n')
    assert open_t2t_checkpoint(tmp_path).step == 1  # as T2T: the file `checkpoint` decides
    # Written on another machine: by its name.
    Path(tmp_path / "checkpoint").write_text('model_checkpoint_path: "/else/model.ckpt-1"\n')
    assert open_t2t_checkpoint(tmp_path).step == 1
    Path(tmp_path / "checkpoint").write_text('model_checkpoint_path: "/else/model.ckpt-7"\n')
    assert open_t2t_checkpoint(tmp_path).step == 2
    assert "No checkpoint model.ckpt-<step> in" in refusal(open_t2t_checkpoint, empty)
    assert "No checkpoint at" in refusal(open_t2t_checkpoint, path + "3")


def test_damaged_checkpoints(tmp_path, checkpoint):
    for part in Path(checkpoint.path).parent.glob("model.ckpt-7.*"):
        shutil.copy(part, tmp_path)
    data = tmp_path / "model.ckpt-7.data-00000-of-00001"
    opened = open_t2t_checkpoint(tmp_path / "model.ckpt-7")
    data.write_bytes(b"\0" * data.stat().st_size)
    told = refusal(import_checkpoint, opened, network(), tmp_path / "ours")
    assert told.startswith(f"Checkpoint {tmp_path}/model.ckpt-7 can't be read: ")
    (tmp_path / "model.ckpt-7.index").write_bytes(b"nothing")
    assert "can't be read: " in refusal(open_t2t_checkpoint, tmp_path / "model.ckpt-7")
    assert not (tmp_path / "ours").exists()


def test_checkpoints_of_something_else(tmp_path):
    other = write(tmp_path / "other", {"slicenet/body/x": np.zeros(2, np.float32)})
    told = refusal(open_t2t_checkpoint, other)
    assert "isn't of tensor2tensor's transformer: none of its 1 variables" in told
    assert told.endswith("the first is slicenet/body/x.")
    ours = write_model_values({"encoder/x": np.zeros(2, np.float32)}, tmp_path, 3)
    assert "is one of this library; nothing to import" in refusal(open_t2t_checkpoint, ours)
    told = refusal(export_checkpoint, other_format(tmp_path), str(tmp_path / "x"))
    assert "isn't one of this library's transformer" in told
    student = tiny_network("transformer_nat", "transformer_nat_small", dtype="float32")
    values = {name: v.numpy() for name, v in named_variables(student).items()}
    path = write_model_values(values, tmp_path / "student", 1)
    told = refusal(export_checkpoint, path, str(tmp_path / "x"))
    assert "no counterpart of layer_0/pos_attention" in told
    assert not (tmp_path / "x.index").exists()


def other_format(directory):
    return tf.train.Checkpoint(v=tf.Variable(1.0)).save(str(directory / "keras" / "model.ckpt"))


def test_other_sizes(checkpoint):
    told = refusal(check_sizes, checkpoint, {"inputs": 41, "targets": VOCAB}, WIDTH)
    assert f"has embeddings of {VOCAB} subwords, the problem's vocabulary {VOCAB} and 41" in told
    told = refusal(check_sizes, checkpoint, {"inputs": VOCAB, "targets": VOCAB}, 16)
    assert f"has hidden_size {WIDTH}, the set 16" in told


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        (
            {"num_decoder_layers": 3},
            "18 variables are missing, first transformer/body/decoder/layer_2/encdec_attention/"
            "layer_prepostprocess/layer_norm/layer_norm_bias.",
        ),
        (
            {"num_decoder_layers": 1},
            "18 are left over, first transformer/body/decoder/layer_1/encdec_attention/"
            "layer_prepostprocess/layer_norm/layer_norm_bias.",
        ),
        (
            {"filter_size": 16},
            f"9 have other shapes, first {LAYER}/ffn/conv1/bias with [12] instead of [16].",
        ),
        (
            POST_NORM,
            f"16 variables are missing, first {LAYER}/encdec_attention/layer_postprocess/"
            f"layer_norm/layer_norm_bias; 20 are left over, first {LAYER}/encdec_attention/"
            "layer_prepostprocess/layer_norm/layer_norm_bias.",
        ),
    ],
)
def test_another_set(checkpoint, tmp_path, changes, faults):
    told = refusal(import_checkpoint, checkpoint, network(**changes), tmp_path)
    assert told.startswith(
        f"Checkpoint {checkpoint.path} (layout of tensor2tensor 1.15) is of another model or set: "
    )
    assert told.endswith(faults)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(checkpoint, tmp_path):
    import_checkpoint(checkpoint, network(), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    told = refusal(import_checkpoint, checkpoint, network(), tmp_path)
    assert "has checkpoints already; name another --output_dir" in told
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
