"""The classes of the real tensor2tensor 1.15.7 that still import agree with ours.

A development test: it needs the wheel, which nothing else does.

    pip download --no-deps tensor2tensor==1.15.7
    T2T_WHEEL=tensor2tensor-1.15.7-py2.py3-none-any.whl python -m pytest tests/test_t2t_wheel.py -rs

The sets are compared with 1.2.9's too if its wheel lies beside.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.text.subword import SubwordTextEncoder

WHEEL = os.environ.get("T2T_WHEEL", "")
pytestmark = pytest.mark.skipif(
    not Path(WHEEL).is_file(), reason="T2T_WHEEL doesn't name the wheel of tensor2tensor 1.15.7"
)
STRINGS = 1000
# Letters, digits, escapes, white space, marks, emoji, private use: what tokenizers trip over.
PIECES = (
    "Haus", "und", "the", "x1", "Straße", " ", " ", " ", "  ", "\n", "\t", "\r", "\0", "_", "\\",
    "\\u", "\\123;", ".", ",", "¿", "é", "e\u0301", "日本", "🙂", "\u200d", "\u2028", "\ufeff",
    "\ue000", "<pad>", "<EOS>", "'",
)  # fmt: skip
PARSED = (
    "lr=2", "n=3", "n=3.0", "n=1e3", "b=true", "b=False", "b=2", "b=no", "s=a=b c*d", "l=[3,4]",
    "l=[3 4]", "l=[]", "l=3", "n=[1,2]", "lr=1,lr=2", "lr=1,", "lr = 3 , n=4", " lr=1", "lr=1,,n=2",
    "lr", "s=a[0]", "s='quoted'", "s=constant*linear_warmup*rsqrt_decay",
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def wheel_on_path():
    sys.path.insert(0, WHEEL)
    yield
    sys.path.remove(WHEEL)


def random_strings():
    generator = random.Random(1)
    return ["".join(generator.choices(PIECES, k=generator.randrange(12))) for _ in range(STRINGS)]


def test_subwords_agree():
    from tensor2tensor.data_generators import text_encoder

    texts = random_strings()
    # Ours never makes a newline a subtoken: T2T can't read back its own file that has one.
    lines = [text.replace("\n", " ") for text in texts[:500]]
    ours = SubwordTextEncoder.build_from_generator(lines, 200)
    # Built, not loaded: T2T reads a carriage return in its vocabulary file as the end of a line.
    theirs = text_encoder.SubwordTextEncoder.build_from_generator(lines, 200)
    assert list(theirs.all_subtoken_strings) == ours.subtokens
    for text in texts:
        ids = theirs.encode(text)
        assert ours.encode(text) == ids, text
        assert ours.decode(ids) == theirs.decode(ids) == text


@pytest.mark.parametrize("text", PARSED)
def test_hparams_agree(text):
    from tensor2tensor.utils import hparam

    defaults = {"lr": 0.1, "n": 1, "b": False, "s": "a", "l": [1, 2]}

    def outcome(cls):
        try:
            return dict(cls(**defaults).parse(text).values())
        except ValueError as error:
            return str(error)

    theirs, ours = outcome(hparam.HParams), outcome(HParams)
    assert type(ours) is type(theirs)
    if isinstance(theirs, dict):
        assert ours == theirs
    else:
        assert ours.startswith(theirs.split(" in ")[0][:30])


def sets_of(wheel):
    script = Path(__file__).with_name("t2t_wheel_sets.py")
    done = subprocess.run([sys.executable, script, wheel], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def differences(ours, theirs):
    """Values of the set that both have and that differ."""
    values = registry.hparams(ours).values()
    return {
        name: (value, values[name])
        for name, value in theirs.items()
        if name in values and value != values[name]
    }


def test_sets_of_1_15():
    theirs = sets_of(WHEEL)
    compared = [name for name in registry.list_hparams() if name.endswith("_t2t115")]
    assert len(compared) > 7
    # 1.2.9's, and of experts that the network doesn't have.
    unused = {"moe_num_experts", "moe_loss_coef"}
    for name in [*compared, "transformer_base_v3"]:
        assert not differences(name, theirs[name.removesuffix("_t2t115")]).keys() - unused, name


def test_sets_of_1_2_9():
    wheel = Path(WHEEL).with_name("tensor2tensor-1.2.9-py2.py3-none-any.whl")
    if not wheel.is_file():
        pytest.skip(f"no {wheel}")
    theirs = sets_of(str(wheel))
    compared = set(theirs) & set(registry.list_hparams())
    assert len(compared) > 35 and {"transformer_base", "transformer_big", "basic_1"} <= compared
    assert {"lstm_seq2seq", "lstm_luong_attention_multi"} <= compared
    for name in compared:
        found = differences(name, theirs[name])
        # Ours follows hidden_size, which it doesn't in 1.2.9.
        assert found.pop("attention_layer_size", (128, 0)) == (128, 0)
        assert found == {}, name
