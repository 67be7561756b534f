import random

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text.graph import SubwordGraph, TokenGraph, sentences
from t2t_hint_nart.text.lines import AROUND_SENTENCES, sentence
from t2t_hint_nart.text.subword import SubwordTextEncoder
from t2t_hint_nart.text.token import TokenTextEncoder
from tests.text.strategies import AWKWARD, SYMBOLS, TEXTS
from tests.text.t2t_goldens import GOLDENS, SUBTOKENS

# T2T's golden vocabulary, and "Hello world" at the ids it has in T2T's English-German vocabulary.
HELLO = [*SUBTOKENS, *(f"filler{i}_" for i in range(len(SUBTOKENS), 26229))]
HELLO[26228], HELLO[145], HELLO[178] = "Hell", "o_", "world_"
# Characters that are no subtokens by themselves, NUL, empty subtokens and a very long one.
OPEN = [
    *("<pad>", "<EOS>", "", "né_", "n", "ß", "\0", "a\0", "_b", "a_b", "", "\\1", "23;", "\\uu_"),
    *"\\_u;0123456789 a",
    *("aaa", "  ", " -", "-_", "x" * 120 + "_"),
]
ENCODERS = {
    name: SubwordTextEncoder.from_subtokens(subtokens)
    for name, subtokens in (("closed", HELLO), ("open", OPEN))
}


@pytest.fixture(scope="module")
def graphs():
    return {name: SubwordGraph(encoder.subtokens) for name, encoder in ENCODERS.items()}


def padded(rows):
    ids = np.zeros([len(rows), max(map(len, rows), default=0)], np.int32)
    for row, row_ids in zip(ids, rows, strict=True):
        row[: len(row_ids)] = row_ids
    return ids


def assert_encodes_as_python(graph, encoder, texts):
    ids = graph.encode(tf.constant(texts, tf.string))
    assert ids.dtype == tf.int32
    assert ids.to_list() == [encoder.encode(text) for text in texts]


def assert_decodes_as_python(graph, encoder, ids):
    texts = [text.decode("utf-8") for text in graph.decode(ids).numpy()]
    assert texts == [encoder.decode(row, strip_extraneous=True) for row in ids.tolist()]


def test_hello_world(graphs):
    assert graphs["closed"].encode(["Hello world"]).to_list() == [[26228, 145, 178]]
    assert graphs["closed"].decode([[26228, 145, 178, 1, 5]]).numpy() == [b"Hello world"]


def test_goldens_of_t2t(graphs):
    texts, ids = zip(*GOLDENS["encoded"], strict=True)
    assert graphs["closed"].encode(texts).to_list() == list(ids)
    decoded = graphs["closed"].decode(padded(ids)).numpy()
    assert [text.decode("utf-8") for text in decoded] == list(texts)


@pytest.mark.parametrize("name", ENCODERS)
@settings(max_examples=30)
@given(texts=st.lists(TEXTS, max_size=30))
def test_encodes_as_python(graphs, name, texts):
    assert_encodes_as_python(graphs[name], ENCODERS[name], texts)


@pytest.mark.parametrize("name", ENCODERS)
@settings(max_examples=30)
@given(data=st.data())
def test_decodes_any_ids_as_python(graphs, name, data):
    encoder = ENCODERS[name]
    any_id = st.one_of(
        st.integers(-2, encoder.vocab_size + 1), st.integers(-(2**31), 2**31 - 1), st.just(0)
    )
    symbols = SYMBOLS.map(lambda s: [encoder.subtokens.index(c) for c in s if c != "b"])
    rows = st.lists(st.one_of(st.lists(any_id, max_size=20), symbols), max_size=12)
    assert_decodes_as_python(graphs[name], encoder, padded(data.draw(rows)))


@pytest.mark.parametrize("name", ENCODERS)
def test_hundreds_of_random_texts_at_once(graphs, name):
    draw = random.Random(0)
    characters = AWKWARD + "".join(OPEN[2:-1]) + "Hello world"
    texts = ["".join(draw.choices(characters, k=draw.randrange(50))) for _ in range(400)]
    texts += ["x" * n for n in (119, 120, 121)] + ["日" * 400, "-" * 400, "", "\0"]
    assert_encodes_as_python(graphs[name], ENCODERS[name], texts)
    ids = graphs[name].encode(texts).to_tensor()
    assert [text.decode("utf-8") for text in graphs[name].decode(ids).numpy()] == texts


def test_token_that_cannot_be_cut_is_spelled_out(graphs):
    ids = graphs["open"].encode(["né én"])[0].numpy()
    assert [OPEN[i] for i in ids] == ["né_", "\\", "2", "3", "3", ";", "n", "_"]


def test_bytes_that_are_not_utf8_become_replacement_characters(graphs):
    draw = random.Random(0)
    pieces = [b"a", b" ", b"\xc3\xa9", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\x80", b"\xff"]
    pieces += [b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\0"]
    texts = [b"".join(draw.choices(pieces, k=5)) for _ in range(200)]
    assert graphs["open"].encode(texts).to_list() == [
        ENCODERS["open"].encode(text.decode("utf-8", "replace")) for text in texts
    ]


# White space, the mark, what is near them in Unicode or in UTF-8, NUL, and letters.
EDGES = (*AROUND_SENTENCES, *"\0\x08\x0e\x1b!\x84\x9f\xa1\u180e\u200b\u2060\ufefe\uff00\x7faß日")


def test_sentences_as_python():
    texts = [f"{c}{d}a{c}{d}b{d}{c}" for c in EDGES for d in EDGES] + [*EDGES, "", " \ufeff\n"]
    found = sentences(tf.constant(texts)).numpy()
    assert [text.decode("utf-8") for text in found] == [sentence(text) for text in texts]


@given(texts=st.lists(st.text(st.one_of(st.sampled_from(EDGES), st.characters(codec="utf-8")))))
def test_sentences_of_any_text_as_python(texts):
    found = sentences(tf.constant(texts, tf.string)).numpy()
    assert [text.decode("utf-8") for text in found] == [sentence(text) for text in texts]
    assert sentences(found).numpy().tolist() == found.tolist()


def test_sentences_of_bytes_that_are_not_utf8():
    draw = random.Random(0)
    pieces = [b"a", b" ", b"\xc2\x85", b"\x85", b"\xc2", b"\xe2\x80\xa8", b"\xe2\x80", b"\xa0"]
    pieces += [b"\xef\xbb\xbf", b"\xbb\xbf", b"\xc0\xa0", b"\xff", b"\0", b"\xe3\x80\x80"]
    texts = [b"".join(draw.choices(pieces, k=6)) for _ in range(400)]
    found = [text.decode("utf-8", "replace") for text in sentences(texts).numpy()]
    assert found == [sentence(text.decode("utf-8", "replace")) for text in texts]


def test_nothing_at_all(graphs):
    graph = graphs["open"]
    assert graph.encode(tf.zeros([0], tf.string)).to_list() == []
    assert graph.encode(["", ""]).to_list() == [[], []]
    assert graph.decode(tf.zeros([0, 0], tf.int32)).shape == [0]
    assert graph.decode(tf.zeros([2, 0], tf.int32)).numpy().tolist() == [b"", b""]
    assert graph.decode([[0, 0], [1, 7]]).numpy().tolist() == [b"", b""]


def test_nothing_is_asserted_on_the_way(graphs):
    """Ragged tensors are checked by functions within the graph, which an export takes longest to
    load, unless they are told to be right."""
    for function in (graphs["closed"].encode, graphs["closed"].decode):
        graph = function.get_concrete_function().graph.as_graph_def()
        assert not graph.library.function and len(graph.node) < 500


def test_bad_vocabulary():
    with pytest.raises(InputError, match="is not a tensor2tensor subword vocabulary"):
        SubwordGraph(["a", "b"])


class Echo(tf.Module):
    """Text to ids to text, as a translator that copies."""

    def __init__(self, graph):
        super().__init__()
        self.text = graph

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def serve(self, inputs):
        ids = self.text.encode(inputs).to_tensor()
        return {"ids": ids, "outputs": self.text.decode(ids)}


def test_saved_model_holds_the_vocabulary(graphs, tmp_path):
    echo = Echo(graphs["closed"])
    tf.saved_model.save(echo, str(tmp_path), signatures={"serving_default": echo.serve})
    assert not list((tmp_path / "assets").iterdir())
    loaded = tf.saved_model.load(str(tmp_path))
    texts = ["Hello world", "", "schläft\n€5 _x\\ \0\U00011240 \U0001f600"]
    result = loaded.signatures["serving_default"](tf.constant(texts))
    assert [text.decode("utf-8") for text in result["outputs"].numpy()] == texts
    np.testing.assert_array_equal(
        result["ids"], padded([ENCODERS["closed"].encode(text) for text in texts])
    )
    assert loaded.text.encode(tf.constant(texts)).to_list() == [
        ENCODERS["closed"].encode(text) for text in texts
    ]


WORDS = ["<unk>", "good", "morning", "größer", "a_b", "語"]
TOKEN_ENCODERS = [
    TokenTextEncoder(vocab_list=WORDS, replace_oov="<unk>", reverse=reverse)
    for reverse in (False, True)
]
TOKEN_GRAPHS = [TokenGraph(encoder) for encoder in TOKEN_ENCODERS]
WHITE_SPACE = "".join(c for c in map(chr, range(0x3100)) if c.isspace())
TOKEN_TEXTS = st.lists(
    st.one_of(st.sampled_from([*WORDS, *WHITE_SPACE]), st.text(max_size=3)), max_size=8
).map("".join)


@pytest.mark.parametrize("which", [0, 1])
def test_every_white_space_separates(which):
    texts = [f"good{space}morning" for space in WHITE_SPACE] + [f" {WHITE_SPACE} good ", ""]
    assert TOKEN_GRAPHS[which].encode(texts).to_list() == [
        TOKEN_ENCODERS[which].encode(t) for t in texts
    ]


@settings(max_examples=100, deadline=None)
@given(st.lists(TOKEN_TEXTS, min_size=1, max_size=4), st.sampled_from([0, 1]))
def test_words_encode_as_python(texts, which):
    assert TOKEN_GRAPHS[which].encode(texts).to_list() == [
        TOKEN_ENCODERS[which].encode(t) for t in texts
    ]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 7), min_size=6, max_size=6), min_size=1, max_size=3),
    st.sampled_from([0, 1]),
)
def test_decode(rows, which):
    got = [line.decode() for line in TOKEN_GRAPHS[which].decode(rows).numpy()]
    assert got == [TOKEN_ENCODERS[which].decode(row, strip_extraneous=True) for row in rows]


def test_ids_outside_the_vocabulary_stand_for_nothing():
    assert TOKEN_GRAPHS[0].decode(tf.constant([[3, 99, -5, 4]])).numpy().tolist() == [
        b"good morning"
    ]


def test_unknown_words_need_a_token():
    with pytest.raises(InputError, match="without a token for unknown words"):
        TokenGraph(TokenTextEncoder(vocab_list=["good"]))
