"""What is measured: a teacher and its student of every size, exported for every runtime."""

import itertools
import random
from pathlib import Path

from t2t_hint_nart.text.escape import ESCAPE_CHARACTERS

VOCAB_SIZE = 8000
# What escapes are made of has the u.
_FIRST = ("<pad>_", "<EOS>_", *ESCAPE_CHARACTERS, *"abcdefghijklmnopqrstvwxyz")
ROLES = {"teacher": "transformer", "student": "transformer_nat"}
PROBLEM = "translate_deen_multi30k"
# Logits of EOS are about −50: every translation of random weights runs to its limit.
_EOS_WEIGHT, _FINAL_BETA = -5.0, 10.0
# By size: sets of teacher and student, and what is changed of them.
SIZES = {
    "small": ("transformer_multi30k", "transformer_nat_multi30k", ""),
    "iwslt": ("transformer_deep_small", "transformer_nat_deep_small", ""),
    "base": ("transformer_base", "transformer_nat_base_v2", ""),
    "tiny": (
        "transformer_multi30k",
        "transformer_nat_multi30k",
        "num_hidden_layers=1,hidden_size=16,filter_size=32,num_heads=2",
    ),
}


def words(vocab_size):
    """The made-up words in a vocabulary of a size: subwords as they are."""
    syllables = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
    made = ("".join(parts) for n in (2, 3) for parts in itertools.product(syllables, repeat=n))
    return list(itertools.islice(made, vocab_size - len(_FIRST)))


def vocabulary(size):
    """Letters and made-up words."""
    from t2t_hint_nart.text.subword import SubwordTextEncoder

    return SubwordTextEncoder.from_subtokens([*_FIRST, *(f"{word}_" for word in words(size))])


def sentence(length, seed, vocab_size=VOCAB_SIZE):
    """So many subwords, EOS among them, of made-up text."""
    return " ".join(random.Random(seed).choices(words(vocab_size), k=length - 1))


def random_exports():
    """An engine that writes the exports of a size with random weights.

    A case has `size`, `folder` and `runtimes` of teacher and student.
    """
    import keras

    from t2t_hint_nart import registry
    from t2t_hint_nart.models.build import build_model
    from t2t_hint_nart.output_dir import create_hparams
    from t2t_hint_nart.serving.trained_model import TrainedModel

    registry.load_plugins()

    def write(case):
        *sets, overrides = SIZES[case["size"]]
        encoder = vocabulary(case["vocab_size"])
        encoders = {"inputs": encoder, "targets": encoder}
        problem = registry.problem(PROBLEM)
        for (role, model), name in zip(ROLES.items(), sets, strict=True):
            if not case["runtimes"][role]:
                continue
            hparams = create_hparams(name, overrides)
            keras.utils.set_random_seed(1)
            network = build_model(model, hparams, problem, encoders)
            _never_end(network)
            trained = TrainedModel(network, model, problem, encoders, hparams, step=0)
            settings = "length_bias=0" if model == "transformer_nat" else "extra_length=0"
            _export(trained, settings, Path(case["folder"]) / role, case["runtimes"][role])

    return write


def _never_end(network):
    """Change random weights so that EOS is never likely."""
    import keras
    import numpy as np

    table = keras.ops.convert_to_numpy(network.softmax.table).copy()
    table[1] = 0.0
    table[1, 0] = _EOS_WEIGHT
    network.softmax.table.assign(table)
    beta = np.zeros(table.shape[1], np.float32)
    beta[0] = _FINAL_BETA
    network.final.norm.beta.assign(beta)


def trained_exports():
    """An engine that exports two systems of a t2t-reproduce run as it stands.

    A case has `run_dir`, `student`, `folder`, `runtimes` and `sentences`, their number; returned
    are as many sentences of its test set.
    """
    from t2t_hint_nart import registry
    from t2t_hint_nart.exports.metadata import read_metadata
    from t2t_hint_nart.hparam import HParams
    from t2t_hint_nart.output_dir import stored_hparams
    from t2t_hint_nart.serving.trained_model import load_trained

    registry.load_plugins()

    def write(case):
        run_dir = Path(case["run_dir"])
        data_dir = str(run_dir / "data")
        for role, system in (("teacher", "teacher"), ("student", case["student"])):
            facts = read_metadata(run_dir / "export" / system)
            checkpoint = run_dir / system / "avg"
            hparams = HParams(**stored_hparams(checkpoint))
            problem = registry.problem(facts.problem)
            trained = load_trained(facts.model, hparams, problem, data_dir, str(checkpoint))
            bias = facts.decode_hparams.get("length_bias")
            settings = "" if bias is None else f"length_bias={bias}"
            _export(trained, settings, Path(case["folder"]) / role, case["runtimes"][role])
        base = registry.problem(read_metadata(run_dir / "export" / "teacher").problem)
        return [source for source, _ in base.text_pairs(data_dir, "test")[: case["sentences"]]]

    return write


def _export(trained, settings, folder, runtimes):
    from t2t_hint_nart import registry
    from t2t_hint_nart.decoding.decode_hparams import decode_hparams
    from t2t_hint_nart.serving.export import export

    strategy = registry.strategy_of(trained.model_name)
    for runtime in runtimes:
        # Earlier versions have but one.
        other = () if runtime == "saved_model" else (runtime,)
        export(trained, decode_hparams(settings, strategy), folder / runtime, *other)
