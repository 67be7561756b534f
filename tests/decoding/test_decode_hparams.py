import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.decode_hparams import decode_hparams, exported_names
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams

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
VERIFIED = {"verified": False, "verified_tolerance": 0.0}
OWN = {
    "beam": {"stopping": "1.2.9"},
    "greedy": {"stopping": "1.2.9"},
    "one_pass": {
        "use_inputs_length": False,
        "dedup": False,
        "length_bias": None,
        "length_halfwidth": 0,
        "rescoring_alpha": 0.0,
        **VERIFIED,
    },
    "collapsed": {
        "prefix_beam": 0,
        "prefix_tokens": 20,
        "n_gram_model": "",
        "n_gram_weight": 0.4,
        "length_bonus": 0.0,
        "rescored": False,
        "rescoring_alpha": 0.0,
        **VERIFIED,
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
    ("overrides", "beam", "alpha"),
    [
        ("", 0, 0.0),
        ("beam_size=1", 0, 0.0),
        ("beam_size=7,alpha=0.6", 7, 0.6),
        ("beam_size=7,prefix_beam=3", 3, 0.0),
        ("prefix_beam=1,rescoring_alpha=0.5", 1, 0.5),
    ],
)
def test_beam_and_alpha_of_what_is_collapsed(overrides, beam, alpha):
    hparams = decode_hparams(overrides, "collapsed")
    assert (hparams.prefix_beam, hparams.rescoring_alpha) == (beam, alpha)


@pytest.mark.parametrize("setting", ["n_gram_model=file", "length_bonus=0.5", "rescored=True"])
def test_a_search_that_is_described_and_not_asked_for(setting):
    with pytest.raises(InputError, match=f"^{setting} has no effect without a search; .*=20"):
        decode_hparams(setting, "collapsed")
    decode_hparams(f"{setting},beam_size=4", "collapsed")


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


# What has an effect on an export; all others are refused, or have another one's meaning.
EXPORTED = {
    "beam": {"beam_size": 2, "alpha": 1.0, "extra_length": 9, "stopping": "best_finished"},
    "greedy": {"alpha": 1.0, "extra_length": 9},
    "one_pass": {"use_inputs_length": True, "dedup": True, "length_bias": 5},
}
EXPORTED["collapsed"] = {}
EXPORTED["refinement"] = {**EXPORTED["one_pass"], "iterations": 2}
OTHER = {
    **EXPORTED["beam"],
    **EXPORTED["refinement"],
    "batch_size": 7,
    "return_beams": True,
    "write_beam_scores": True,
    "num_samples": 7,
    "identity_output": True,
    "log_results": True,
    "delimiter": ";",
    "shards": 7,
    "shard_id": 2,
    "shards_start_offset": 7,
    "shard_google_format": True,
    "decode_to_file": "there",
    "decode_reference": "there",
    "length_halfwidth": 4,
    "rescoring_alpha": 0.6,
    "max_input_size": 7,
    "verified": True,
    "verified_tolerance": 0.5,
    "prefix_beam": 20,
    "prefix_tokens": 7,
    "n_gram_model": "there",
    "n_gram_weight": 0.7,
    "length_bonus": 0.5,
    "rescored": True,
}
FIXED = set(
    """
save_images skip_eos_postprocess num_decodes force_decode_length eos_penalty min_length_ratio
decode_timeout_mins summaries_log_dir decode_in_memory
""".split()
)
STUDENTS = ("one_pass", "refinement", "collapsed")


@pytest.mark.parametrize(
    ("strategy", "name"),
    [(each, name) for each in OWN for name in {**DEFAULTS, **OWN[each]} if name not in FIXED],
)
def test_an_export_has_a_decode_hparam_or_it_is_refused(strategy, name):
    settings = decode_hparams(strategy=strategy).override_from_dict({name: OTHER[name]})
    if name in EXPORTED[strategy]:
        assert name in exported_names(settings, strategy)
        exported = registry.strategy(strategy)(settings, HParams(length_bias=0)).exported()
        assert exported.settings.get(name) == OTHER[name]
    elif name == "max_input_size":
        exported = registry.strategy(strategy)(settings, HParams(length_bias=0)).exported()
        assert exported.exported_input_size == OTHER[name]
    elif strategy in STUDENTS and name in ("beam_size", "alpha"):
        with pytest.raises(InputError, match="has no effect on an export"):
            exported_names(decode_hparams(f"{name}={OTHER[name]}", strategy), strategy)
    else:
        with pytest.raises(InputError, match=f"^{name}={OTHER[name]} has no effect on an export: "):
            exported_names(settings, strategy)


@pytest.mark.parametrize("strategy", OWN)
def test_defaults_and_a_students_beam_of_one_are_not_refused(strategy):
    expected = set(EXPORTED[strategy])
    assert set(exported_names(decode_hparams(strategy=strategy), strategy)) == expected
    if strategy in STUDENTS:
        settings = decode_hparams("beam_size=1,alpha=0.0", strategy)
        assert set(exported_names(settings, strategy)) == expected
