"""`--schedule=test` for a set of every kind, made tiny; benchmarks/all_sets.py runs them all."""

import pytest

from t2t_hint_nart import registry
from tests.bin.conftest import PROBLEM, SIZES
from tests.commands import succeed

# What a step of training computes: sets that agree in these differ in sizes and rates alone.
KIND = (
    "attention_projection",
    "layer_preprocess_sequence",
    "layer_postprocess_sequence",
    "optimizer",
    "optimizer_multistep_accumulate_steps",
    "learning_rate_schedule",
    "learning_rate_decay_scheme",
    "self_attention_type",
    "pos",
)
PRESENT = (
    "label_smoothing",
    "attention_dropout",
    "max_length",
    "hint_hidden_weight",
    "attention_key_channels",
)


def kinds():
    """One set of each kind of teacher and student, the first of its name, and what it computes."""
    found = {}
    # Other models have tests of their own.
    others = {*registry.list_models()} - {"transformer", "transformer_nat"}
    for name in registry.list_hparams():
        hparams = registry.hparams(name)
        if "filter_size" not in hparams:  # what sets start from, and no model's
            continue
        if name.startswith(tuple(f"{model}_" for model in others)):
            continue
        kind = {value: getattr(hparams, value) for value in KIND}
        kind |= {value: bool(hparams.get(value, 0)) for value in PRESENT}
        kind["is_student"] = "positional_attention" in hparams
        found.setdefault(frozenset(kind.items()), name)
    return {name: kind for kind, name in sorted(found.items(), key=lambda item: item[1])}


def covering(kinds):
    """A few of them in which every value is that any of them has."""
    chosen, left = [], set().union(*kinds.values())
    while left:
        chosen.append(max(kinds, key=lambda name: len(kinds[name] & left)))
        left -= kinds[chosen[-1]]
    return sorted(chosen)


def test_there_are_several_kinds():
    assert {
        "transformer_base_v1",
        "transformer_clean",
        "transformer_base_multistep8",
        "transformer_k128",
        "transformer_relative",
    } < kinds().keys()
    assert len(kinds()) > 10


@pytest.mark.usefixtures("eager_functions", "no_pictures")
@pytest.mark.parametrize("set_name", covering(kinds()))
def test_it_trains_and_evaluates(workshop, tmp_path, set_name):
    is_student = "_nat_" in set_name
    sizes = ",".join(f"{name}={value}" for name, value in SIZES.items())
    hints = ",hint_hidden_weight=0.0,hint_align_weight=0.0" if is_student else ""
    told = succeed(
        "t2t-trainer",
        "--schedule=test",
        problem=PROBLEM if is_student else f"{PROBLEM}_rev",
        data_dir=workshop.data_dir,
        model="transformer_nat" if is_student else "transformer",
        hparams_set=set_name,
        hparams=f"{sizes},num_encoder_layers=1,num_decoder_layers=1,batch_size=64{hints}"
        + ("" if "clean" in set_name else ",max_length=32"),
        output_dir=tmp_path / "run",
    )
    assert "  eval at step 1: loss " in told
    assert (tmp_path / "run" / "model.ckpt-1.index").exists()
