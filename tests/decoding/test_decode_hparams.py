import pytest

from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.errors import InputError

# Names and defaults of tensor2tensor 1.15 (extra_length and log_results: of 1.2.9), and the fork's.
DEFAULTS = {
    "beam_size": 4,
    "alpha": 0.6,
    "extra_length": 50,
    "batch_size": 0,
    "return_beams": False,
    "write_beam_scores": False,
    "num_samples": -1,
    "max_input_size": -1,
    "delimiter": "\n",
    "identity_output": False,
    "save_images": False,
    "log_results": False,
    "skip_eos_postprocess": False,
    "num_decodes": 1,
    "force_decode_length": False,
    "eos_penalty": 0.0,
    "min_length_ratio": 0.0,
    "decode_timeout_mins": 240,
    "summaries_log_dir": "decode",
    "shards": 1,
    "shard_id": 0,
    "shards_start_offset": 0,
    "shard_google_format": False,
    "decode_reference": "",
    "decode_to_file": "",
    "decode_in_memory": False,
}
# What a strategy adds.
OWN = {
    "beam": {"stopping": "1.2.9"},
    "greedy": {"stopping": "1.2.9"},
    "one_pass": {
        "use_inputs_length": False,
        "dedup": False,
        "length_bias": None,
        "length_halfwidth": 0,
        "rescoring_alpha": 0.0,
    },
}
OWN["refinement"] = {**OWN["one_pass"], "iterations": 4}


@pytest.mark.parametrize("strategy", OWN)
def test_names_and_defaults(strategy):
    assert decode_hparams(strategy=strategy).values() == {**DEFAULTS, **OWN[strategy]}


def test_a_beam_is_the_default():
    assert decode_hparams().values() == decode_hparams(strategy="beam").values()


@pytest.mark.parametrize(
    ("overrides", "strategy"),
    [
        ("length_halfwidth=4", "beam"),
        ("dedup=True", "greedy"),
        ("stopping=best_finished", "one_pass"),
        ("iterations=2", "one_pass"),
        ("stopping=best_finished", "refinement"),
    ],
)
def test_what_is_of_another_strategy_is_refused(overrides, strategy):
    with pytest.raises(InputError) as caught:
        decode_hparams(overrides, strategy)
    assert str(caught.value) == (
        f"Unknown hyperparameter type for {overrides.partition('=')[0]} (strategy '{strategy}', "
        f"which adds to T2T's decode hparams: {', '.join(OWN[strategy])})"
    )


def test_an_unknown_strategy():
    with pytest.raises(InputError, match="'one_pas' is not registered. Did you mean 'one_pass'?"):
        decode_hparams("", "one_pas")


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("save_images", "True"),
        ("skip_eos_postprocess", "True"),
        ("num_decodes", "2"),
        ("force_decode_length", "True"),
        ("eos_penalty", "0.5"),
        ("min_length_ratio", "0.5"),
        ("decode_timeout_mins", "10"),
        ("summaries_log_dir", "elsewhere"),
        ("decode_in_memory", "True"),
    ],
)
def test_what_is_not_carried_over_is_refused(name, other):
    default = DEFAULTS[name]
    assert decode_hparams(f"{name}={default}").get(name) == default
    with pytest.raises(InputError, match=f"^hparam '{name}' accepts only {default!r}, got "):
        decode_hparams(f"{name}={other}")


@pytest.mark.parametrize(
    ("overrides", "halfwidth", "alpha"),
    [
        ("", 0, 0.0),
        ("beam_size=1", 0, 0.0),
        ("beam_size=4", 3, 0.0),
        ("beam_size=5,alpha=0.6", 4, 0.6),
        ("beam_size=5,length_halfwidth=0", 0, 0.0),
        ("length_halfwidth=4,beam_size=1", 4, 0.0),
        ("alpha=0.6,rescoring_alpha=0.0", 0, 0.0),
    ],
)
@pytest.mark.parametrize("strategy", ["one_pass", "refinement"])
def test_beam_and_alpha_mean_for_a_student_what_they_mean_in_the_fork(
    overrides, halfwidth, alpha, strategy
):
    hparams = decode_hparams(overrides, strategy)
    assert (hparams.length_halfwidth, hparams.rescoring_alpha) == (halfwidth, alpha)


@pytest.mark.parametrize(
    ("overrides", "bias"),
    [
        ("use_inputs_length=True", 0),
        ("use_inputs_length=True,length_bias=3", 3),
        ("length_bias=3", 3),
        ("", None),
    ],
)
def test_use_inputs_length_needs_no_measured_bias(overrides, bias):
    assert decode_hparams(overrides, "one_pass").length_bias == bias
