"""Translating lines and ids, with models in memory and with exports."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.decoding.sources import keep_empty
from t2t_hint_nart.decoding.strategy import Rescored, rank_candidates
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.capabilities import ExportedScorer
from t2t_hint_nart.exports.runtime import open_export
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.serving.decode_function import decode_in_graph, translator_of
from t2t_hint_nart.serving.decodes import Hypothesis
from t2t_hint_nart.serving.export_decoding import (
    decode_of_export,
    settings_of_export,
    translator_of_export,
)
from t2t_hint_nart.serving.trained_model import TrainedModel
from t2t_hint_nart.serving.translator import LONGEST_SENTENCE, Translator
from t2t_hint_nart.text.lines import AROUND_SENTENCES
from tests.decoding.test_parallel import Spreading
from tests.exports.table_exports import (
    FINGERPRINT,
    FORMAT_1,
    FORMAT_1_STUDENT,
    METADATA,
    WIDTH,
    TableStudent,
    TableTeacher,
    write_json,
    write_saved_model,
)


class Letters:
    """A vocabulary of letters: a is 2, b is 3, ..."""

    vocab_size = 28

    def fingerprint(self):
        return "ab"

    def encode(self, text):
        return [ord(letter) - ord("a") + 2 for letter in text]

    def decode(self, ids, strip_extraneous=False):
        return "".join(chr(i - 2 + ord("a")) for i in ids)


class Copy:
    """Decodes to the source and to the source without its first token, and notes the batches."""

    def __init__(self):
        self.batches = []

    def __call__(self, inputs):
        rows = np.asarray(inputs)
        self.batches.append(rows.shape)
        shorter = np.pad(rows[:, 1:], [[0, 0], [0, 1]])
        scores = -rows.sum(axis=1).astype(np.float32)
        return tf.constant(np.stack([rows, shorter], 1)), tf.stack([scores, scores - 1], 1)


def translator(**settings):
    decode = Copy()
    encoders = {"inputs": Letters(), "targets": Letters()}
    return Translator(decode, encoders, **settings), decode


def test_order_and_hypotheses():
    translate, decode = translator(batch_size=2)
    found = translate.translate(["a", "dcb", "ab"])
    assert [h[0].text for h in found] == ["a", "dcb", "ab"]
    assert found[1] == [Hypothesis("dcb", -13.0, (5, 4, 3)), Hypothesis("cb", -14.0, (4, 3))]
    assert decode.batches == [(2, 4), (1, 2)]


def test_progress():
    seen = []
    translator(batch_size=2)[0].translate(["a"] * 5, lambda *counts: seen.append(counts))
    assert seen == [(2, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize(("size", "kept"), [(-1, "abc"), (0, "abc"), (1, ""), (3, "ab")])
def test_max_input_size_counts_eos(size, kept):
    translate, _ = translator(max_input_size=size)
    assert translate.encode("abc") == [*Letters().encode(kept), 1]
    assert translate.kept([*Letters().encode("abc"), 1]) == translate.encode("abc")


@pytest.mark.parametrize("around", [*AROUND_SENTENCES])
def test_text_is_read_as_files_are(around):
    translate, _ = translator()
    assert translate.encode(f"{around}abc{around}") == translate.encode("abc")


def test_default_batch_size():
    translate, decode = translator(batch_size=0)
    translate.translate(["a"] * 33)
    assert [shape[0] for shape in decode.batches] == [32, 1]


def test_warm_up():
    translate, decode = translator()
    translate.warm_up()
    assert decode.batches == [(1, 1)]


class Small:
    """Copies what fits into a memory of so many tokens, padding included."""

    def __init__(self, memory):
        self.memory, self.done = memory, []

    def __call__(self, inputs):
        rows = np.asarray(inputs)
        if rows.size > self.memory:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        self.done.append(rows.shape)
        return inputs[:, None], tf.zeros([len(rows), 1])


def best(found):
    return [hypotheses[0].text for hypotheses in found]


def test_what_does_not_fit_is_tried_by_halves():
    decode = Small(memory=12)
    lines = ["ab", "abcdefghijklmn", "abcd", "a", "abcde", "abc"]
    translate = Translator(decode, {"inputs": Letters(), "targets": Letters()}, batch_size=3)
    too_long = []
    encoded = [translate.encode(line) for line in lines]
    found = translate.translate_encoded(encoded, too_long=too_long.append)
    assert best(found) == ["ab", "", "abcd", "a", "abcde", "abc"] and too_long == [1]
    assert decode.done == [(2, 6), (3, 4)]
    with pytest.raises(InputError, match="Sentence 2 of 6 is too long .*: it has 15 tokens[.]$"):
        translate.translate(lines)


@pytest.mark.parametrize(("size", "refused"), [(-1, [0]), (100, [0]), (5000, [])])
def test_the_longest_sentence_there_is(size, refused):
    translate, decode = translator(max_input_size=size)
    too_long = []
    encoded = [[5] * LONGEST_SENTENCE + [1], [5] * (LONGEST_SENTENCE - 1) + [1], [6, 1]]
    found = translate.translate_encoded(encoded, too_long=too_long.append)
    assert too_long == refused and best(found)[2] == "e"
    # One long sentence takes no more memory because there are others.
    assert all(rows == 1 for rows, _ in decode.batches[:-1])


def test_no_lines():
    assert translator()[0].translate([]) == []


# Strategies on models in memory.

INPUTS = tf.constant([[5, 2, 1, 0], [3, 4, 6, 1]])


class Scorer:
    """The longer a sentence, the better; an export that can be part of a graph, or can't."""

    def __init__(self, is_graph=True, max_input_size=-1):
        facts = SimpleNamespace(max_input_size=max_input_size)
        self.export = SimpleNamespace(is_graph=is_graph, export_dir="runs/t", metadata=facts)

    def encode(self, inputs):
        return inputs

    def score_encoded(self, source, targets):
        return tf.reduce_sum(tf.cast(targets != 0, tf.float32), axis=1)

    def rank(self, inputs, ids, alpha):
        if not self.export.is_graph:
            ids = tf.constant(np.asarray(ids))
        return tuple(keep_empty(rank_candidates(inputs, ids, self.score_encoded, alpha), inputs))


def strategy(name, overrides):
    return registry.strategy(name)(decode_hparams(overrides, name), HParams())


def test_a_strategy_on_a_network():
    search, network = strategy("one_pass", "length_bias=1"), Spreading()
    ids, scores = decode_in_graph(network, search)(INPUTS)
    expected = search(Spreading(), INPUTS)
    np.testing.assert_array_equal(ids, expected.ids)
    np.testing.assert_allclose(scores, expected.scores, rtol=1e-5)


@pytest.mark.parametrize("overrides", ["", "length_halfwidth=1"])
def test_an_empty_line_has_an_empty_translation(overrides):
    letters = {"inputs": Letters(), "targets": Letters()}
    scorer = Scorer() if overrides else None
    search = strategy("one_pass", f"length_bias=2,{overrides}")
    decode = decode_in_graph(Spreading(), search, scorer)
    found = Translator(decode, letters).translate(["ab", "", " \ufeff\n"])
    assert found[0][0].text
    for place in (1, 2):
        assert found[place][0] == Hypothesis("", 0.0, ())
        assert {hypothesis.text for hypothesis in found[place]} == {""}


@pytest.mark.parametrize(
    ("overrides", "alpha"), [("beam_size=3", 0.0), ("beam_size=3,alpha=0.6", 0.6)]
)
@pytest.mark.parametrize("is_graph", [True, False])
def test_candidates_are_ranked_by_the_scorer(overrides, alpha, is_graph):
    search = strategy("one_pass", f"length_bias=0,{overrides}")
    ids, scores = decode_in_graph(Spreading(), search, Scorer(is_graph))(INPUTS)
    expected = Rescored(search, Scorer(), alpha)(Spreading(), INPUTS)
    np.testing.assert_array_equal(ids, expected.ids)
    np.testing.assert_allclose(scores, expected.scores, rtol=1e-5)


def test_a_scorer_of_one_candidate_is_refused():
    with pytest.raises(InputError, match="^The teacher runs/t has nothing to judge: of a student"):
        decode_in_graph(
            Spreading(), strategy("one_pass", "length_bias=0"), SimpleNamespace(export_dir="runs/t")
        )


def test_candidates_that_nothing_ranks_are_refused():
    with pytest.raises(InputError) as caught:
        decode_in_graph(Spreading(), strategy("one_pass", "length_bias=0,beam_size=3"))
    assert str(caught.value) == (
        "length_halfwidth=2 (a student's beam_size - 1) gives 5 candidates a sentence, which a "
        "teacher must rank: give its export with --teacher_export_dir, or leave that setting out."
    )


class Checked(Scorer):
    """Notes what it is asked to fit."""

    asked = ()

    def tell_misfit(self, wanted, say):
        self.asked = (*self.asked, wanted)
        say("Warning: the scorer learnt something else")


def in_memory():
    letters = {"inputs": Letters(), "targets": Letters()}
    hparams = HParams(length_bias=0)
    problem = SimpleNamespace(name="problem")
    return TrainedModel(Spreading(), "transformer_nat", problem, letters, hparams, 1)


def test_a_scorer_must_fit():
    trained = in_memory()
    settings = decode_hparams("beam_size=2,max_input_size=2,batch_size=1", "one_pass")
    scorer, told = Checked(), []
    found = translator_of(trained, settings, scorer, told.append)
    assert scorer.asked == (trained.identity,)
    assert told == ["Warning: the scorer learnt something else"]
    assert found.encode("abc") == [2, 1]
    assert len(found.translate(["ab"])[0]) == 3


def test_a_source_is_as_long_as_the_scorer_takes():
    settings = decode_hparams("beam_size=2", "one_pass")
    scorer = Checked(max_input_size=3)
    assert translator_of(in_memory(), settings, scorer, [].append).longest == 3
    assert translator_of(in_memory(), settings, Checked(), [].append).longest == LONGEST_SENTENCE
    settings.max_input_size = 4
    with pytest.raises(InputError, match="^runs/t takes 3 tokens of a source, not max_input_size="):
        translator_of(in_memory(), settings, scorer, [].append)


# Exports, those of the version before among them.


@pytest.fixture(scope="module", params=["format 1", "format 2"])
def exports(request, tmp_path_factory):
    """A student's and a teacher's export, open, by the format of their metadata."""
    root = tmp_path_factory.mktemp("exports")
    for name, module in (("student", TableStudent()), ("teacher", TableTeacher())):
        write_saved_model(root / name, module)
    if request.param == "format 1":
        write_json(root / "student", FORMAT_1_STUDENT)
        write_json(root / "teacher", FORMAT_1)
    else:
        METADATA.write(root / "teacher")
        student = decode_hparams("length_bias=2", "one_pass").values()
        dataclasses.replace(
            METADATA,
            model="transformer_nat",
            strategy="one_pass",
            decode_hparams=student,
            capabilities=("translates", "gives_hints"),
        ).write(root / "student")
    return open_export(root / "student"), open_export(root / "teacher")


SOURCE = tf.constant([[2, 3, 1], [4, 1, 0]])
REVERSED = [[[1, 3, 2]], [[0, 1, 4]]]


@pytest.mark.parametrize("settings", ["", "beam_size=4", "extra_length=50,stopping=1.2.9"])
def test_an_export_decodes_as_it_was_exported(exports, settings):
    ids, scores = decode_of_export(exports[1], settings)(SOURCE)
    assert ids.numpy().tolist() == REVERSED and scores.numpy().tolist() == [[0.0], [0.0]]


@pytest.mark.parametrize("settings", ["", "beam_size=1", "length_bias=2,dedup=False"])
def test_a_students_export_decodes_one_length(exports, settings):
    assert decode_of_export(exports[0], settings)(SOURCE)[0].numpy().tolist() == REVERSED


def test_a_beam_of_one_is_the_exports_greedy_search(exports):
    ids, scores = decode_of_export(exports[1], "beam_size=1")(SOURCE)
    np.testing.assert_array_equal(ids[:, 0], SOURCE)
    assert scores.numpy().tolist() == [[1.0], [1.0]]


@pytest.mark.parametrize(
    ("settings", "alpha"),
    [
        ("length_halfwidth=1", 0.0),
        ("beam_size=2,alpha=0.6", 0.6),
        ("length_halfwidth=1,rescoring_alpha=0.3", 0.3),
    ],
)
def test_an_exports_candidates_are_ranked(exports, settings, alpha):
    student, teacher = exports
    scorer = ExportedScorer(teacher)
    ids, scores = decode_of_export(student, settings, scorer)(SOURCE)
    found = student.call("candidates", inputs=SOURCE, halfwidth=tf.constant(1))["outputs"]
    assert found.shape[1] == 3
    expected = rank_candidates(scorer.encode(SOURCE), found, scorer.score_encoded, alpha)
    np.testing.assert_array_equal(ids, expected.ids)
    np.testing.assert_allclose(scores, expected.scores, rtol=1e-5)


@pytest.mark.parametrize(
    ("which", "settings", "words"),
    [
        (1, "beam_size=2", "beam_size=4, not 2"),
        (1, "alpha=0.9", "alpha=0.6, not 0.9"),
        (1, "beam_size=1,extra_length=3", "extra_length=50, not 3"),
        (0, "length_bias=3", "length_bias=2, not 3"),
        (0, "dedup=True", "dedup=False, not True"),
    ],
)
def test_what_an_export_cannot_change_is_refused(exports, which, settings, words):
    with pytest.raises(InputError) as caught:
        decode_of_export(exports[which], settings)
    assert str(caught.value) == (
        f"{exports[which].export_dir} decodes with {words}: export the model again with that value."
    )


def test_what_is_of_another_strategy_is_refused(exports):
    with pytest.raises(InputError, match="^Unknown hyperparameter type for length_halfwidth "):
        decode_of_export(exports[1], "length_halfwidth=1")


def test_an_exports_candidates_need_a_scorer(exports):
    with pytest.raises(
        InputError, match="^length_halfwidth=1 gives candidates, which a scorer must rank.$"
    ):
        decode_of_export(exports[0], "length_halfwidth=1")


class ChoosingTeacher(TableTeacher):
    """Would say twos, as many as the source has words, and then end."""

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, WIDTH], tf.float32, "encoded"),
            tf.TensorSpec([None, None], tf.bool, "source_mask"),
            tf.TensorSpec([None, None], tf.int32, "targets"),
        ]
    )
    def choose(self, encoded, source_mask, targets):
        words = tf.reduce_sum(tf.cast(source_mask, tf.int32), axis=1, keepdims=True) - 1
        ids = tf.where(tf.range(tf.shape(targets)[1]) < words, 2, 1)
        zeros = tf.zeros_like(targets, tf.float32) + 0.0 * tf.reduce_sum(encoded)
        gaps = tf.where(ids == targets, 0.0, 1.0)
        return {"ids": ids, "log_probs": zeros - 0.5, "gaps": gaps}

    def signatures(self):
        return {**super().signatures(), "choose": self.choose}


def test_an_exports_drafts_are_verified(exports, tmp_path):
    write_saved_model(tmp_path, ChoosingTeacher())
    METADATA.write(tmp_path)
    scorer = ExportedScorer(open_export(tmp_path))
    ids, scores, passes = decode_of_export(exports[0], "verified=True", scorer)(SOURCE)
    assert ids[:, 0].tolist() == [[2, 2, 1], [2, 1, 0]]
    assert scores.tolist() == [[-1.5], [-1.0]]
    # Their drafts, sources backwards, begin with EOS: all is the teacher's.
    assert passes.tolist() == [[2], [2]]
    # The end with which that of the first begins may stay.
    kept = decode_of_export(exports[0], "verified=True,verified_tolerance=1.0", scorer)
    assert [int(i) for i in kept(SOURCE)[0][0, 0] if i] == [1]
    short = decode_of_export(exports[0], "verified=True,extra_length=0", scorer)(SOURCE[:1])
    assert [int(i) for i in short[0][0, 0] if i] == [2, 2, 1]


def test_drafts_need_a_scorer_that_chooses(exports):
    with pytest.raises(InputError, match="^verified=True makes drafts, which need a scorer"):
        decode_of_export(exports[0], "verified=True")
    with pytest.raises(InputError, match="has no signature 'choose'"):
        decode_of_export(exports[0], "verified=True", ExportedScorer(exports[1]))


@pytest.mark.parametrize("strategy_name", ["greedy", "beam"])
def test_a_search_of_ones_own_keeps_what_it_was_exported_with(exports, strategy_name):
    teacher = exports[1]
    made_with = {"alpha": 1.0, "extra_length": 9}
    facts = dataclasses.replace(
        METADATA, strategy=strategy_name, decode_hparams={"beam_size": 4} | made_with
    )
    settings = settings_of_export(facts, "batch_size=2")
    assert {name: settings.get(name) for name in made_with} == made_with
    said = SimpleNamespace(metadata=facts, export_dir="there", require=teacher.require)
    assert decode_of_export(said, settings)


class Said:
    """An export of which there is only what it says about itself."""

    export_dir = "there"
    is_graph = True

    def __init__(self, side, fingerprint):
        other = {side: {**METADATA.vocabularies[side], "fingerprint": fingerprint}}
        vocabularies = {**METADATA.vocabularies, **other}
        self.metadata = dataclasses.replace(METADATA, vocabularies=vocabularies)


def test_a_scorer_of_one_translation_is_refused(exports):
    scorer = ExportedScorer(Said("inputs", FINGERPRINT))
    with pytest.raises(InputError, match="^The teacher there has nothing to judge: of a student"):
        decode_of_export(exports[0], "beam_size=1", scorer)


def test_a_scorer_of_another_vocabulary_ranks_nothing(exports):
    """Sizes of states, layers and heads aren't asked for."""
    student = exports[0]
    for side in student.metadata.vocabularies:
        decode_of_export(student, "beam_size=2", ExportedScorer(Said(side, FINGERPRINT)))
        with pytest.raises(InputError) as caught:
            decode_of_export(student, "beam_size=2", ExportedScorer(Said(side, "cd")))
        assert str(caught.value) == (
            f"there doesn't fit {student.export_dir}: its vocabulary of {side} has fingerprint cd, "
            f"that of {student.export_dir} {FINGERPRINT}. Use the vocabulary that it was trained "
            "with."
        )


def test_a_scorer_of_another_problem_is_told_of(exports):
    scorer, told = ExportedScorer(Said("inputs", FINGERPRINT)), []
    scorer.export.metadata = dataclasses.replace(scorer.metadata, problem="other")
    decode_of_export(exports[0], "beam_size=2", scorer, told.append)
    (warning,) = told
    assert warning.startswith("Warning: ") and "other" in warning


def test_an_exports_source_is_as_long_as_its_scorer_takes(exports):
    scorer = ExportedScorer(Said("inputs", FINGERPRINT))
    settings = settings_of_export(exports[0].metadata, "beam_size=2")
    assert translator_of_export(exports[0], settings, {}, scorer).longest == LONGEST_SENTENCE
    scorer.export.metadata = dataclasses.replace(scorer.metadata, max_input_size=3)
    assert translator_of_export(exports[0], settings, {}, scorer).longest == 3
    settings.max_input_size = 4
    with pytest.raises(InputError, match="^there takes 3 tokens of a source, not max_input_size="):
        translator_of_export(exports[0], settings, {}, scorer)


def test_a_translator_on_an_export(exports):
    letters = {"inputs": Letters(), "targets": Letters()}
    found = Translator(decode_of_export(exports[1], "beam_size=1"), letters, batch_size=1)
    assert [h[0].text for h in found.translate(["ab", "c"])] == ["ab", "c"]
