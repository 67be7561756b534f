"""An export that holds the teacher of its candidates: what two exports say, in one call."""

import asyncio
import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.strategy import Rescored
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.capabilities import ExportedScorer
from t2t_hint_nart.exports.metadata import HeldTeacher, read_metadata
from t2t_hint_nart.exports.runtime import open_export
from t2t_hint_nart.serving.export import export, held_teacher, weights_fingerprint, within
from t2t_hint_nart.serving.export_decoding import settings_of_export, translator_of_export
from t2t_hint_nart.text.reserved import sentence_ids
from tests.serving.test_export import TEACHER, settings, trained, words

# Of one token, of several, without a word, unknown words.
LINES = ["1 2 3 4 5", "7", "", "2 2 unheard 0 1 3", "4 1"]
FERTILE = ("transformer_nat_fertility", "transformer_nat_fertility_multi30k")
ASKED = "length_halfwidth=2,rescoring_alpha=0.6"


def student(**changes):
    return trained(words(), length_bias=1, **changes)


def made(settings, tmp_path_factory, source=None, teacher=None):
    directory = tmp_path_factory.mktemp("export")
    return open_export(export(source or student(), settings, directory, teacher=teacher))


@pytest.fixture(scope="module")
def scorer(tmp_path_factory):
    """A teacher that takes more tokens than the student."""
    wanted = settings("beam_size=1,max_input_size=1030,extra_length=4", "beam")
    return ExportedScorer(made(wanted, tmp_path_factory, trained(words(), TEACHER)))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return made(settings(), tmp_path_factory)


@pytest.fixture(scope="module")
def held(scorer, tmp_path_factory):
    """The student's with the teacher in it."""
    return made(settings(ASKED), tmp_path_factory, teacher=scorer)


def translator(servable, said="", scorer=None):
    wanted = settings_of_export(servable.metadata, said)
    return translator_of_export(servable, wanted, servable.encoders, scorer)


@pytest.fixture(scope="module")
def expected(plain, scorer):
    """What two exports say of LINES."""
    return [found[0] for found in translator(plain, ASKED, scorer).translate(LINES)]


def test_it_says_what_two_exports_say(held, plain, expected):
    found = [found[0] for found in translator(held).translate(LINES)]
    assert [one.ids for one in found] == [one.ids for one in expected]
    np.testing.assert_allclose(
        [one.score for one in found], [one.score for one in expected], rtol=1e-5
    )
    texts = [one.text for one in expected]
    assert held.translate(LINES) == texts
    assert texts[2] == "" and expected[2].score == 0
    # The teacher's word isn't the student's.
    assert plain.translate(LINES) != texts


def test_a_server_says_the_same(held, expected):
    pytest.importorskip("fastapi")
    pytest.importorskip("httpx")
    from tests.serving.served import served

    async def main():
        async with served(held.export_dir) as (client, _):
            return (await client.post("/translate", json={"sentences": LINES})).json()

    assert asyncio.run(main())["translations"] == [one.text for one in expected]


def test_examples_are_ranked_too(held, expected):
    encode = translator(held).encode
    examples = [
        tf.train.Example(
            features=tf.train.Features(
                feature={
                    "inputs": tf.train.Feature(int64_list=tf.train.Int64List(value=encode(line)))
                }
            )
        ).SerializeToString()
        for line in LINES
    ]
    found = held.call("serving_example", input=tf.constant(examples))["outputs"].numpy()
    assert [sentence_ids(row) for row in found] == [list(one.ids) for one in expected]


def test_a_translation_depends_on_its_sentence_alone(held, expected):
    encode = translator(held).encode
    for line, one in zip(LINES, expected, strict=True):
        found = held.call("decode", inputs=tf.constant([[*encode(line), 0, 0, 0]], tf.int32))
        assert sentence_ids(found["outputs"].numpy()[0]) == list(one.ids)
        np.testing.assert_allclose(found["scores"][0], one.score, rtol=1e-5)
    assert held.call("decode", inputs=tf.zeros([0, 4], tf.int32))["outputs"].shape[0] == 0


def test_candidates_are_the_students(held, plain):
    """As many as are asked for, in the student's order and with its probabilities."""
    with pytest.raises(InputError, match="has no signature 'score'; it has candidates, decode, h"):
        held.require("score")
    asked = {"inputs": tf.constant([[5, 6, 7, 1]]), "halfwidth": tf.constant(1)}
    found, expected = (export.call("candidates", **asked) for export in (held, plain))
    np.testing.assert_array_equal(found["outputs"], expected["outputs"])
    np.testing.assert_allclose(found["log_prob"], expected["log_prob"], rtol=1e-6)


def test_what_it_says_of_itself(held, plain, scorer):
    found = read_metadata(held.export_dir)
    assert found.rescored_by == HeldTeacher(
        "transformer", "text", 7, scorer.metadata.weights_fingerprint, candidates=5
    )
    assert found.capabilities == ("translates", "gives_hints")
    assert found.decode_hparams == {
        "use_inputs_length": False,
        "dedup": False,
        "length_bias": 1,
        "length_halfwidth": 2,
        "rescoring_alpha": 0.6,
    }
    own = weights_fingerprint(student().model)
    assert plain.metadata.weights_fingerprint == own != found.weights_fingerprint
    assert plain.metadata.rescored_by is None


def test_samples_are_ranked_as_well(scorer):
    """By another strategy, whose candidates are samples of fertilities."""
    source = trained(words(), FERTILE, fertility_classes=6)
    sampled = source.strategy(settings("num_candidates=4", "fertilities"))
    inputs = tf.constant([[5, 6, 7, 2, 1], [4, 9, 1, 0, 0]])
    expected = Rescored(sampled, scorer, sampled.settings.rescoring_alpha)(source.model, inputs)
    held = sampled.exported_with(scorer)
    assert held.candidate_count == 4
    np.testing.assert_allclose(held(source.model, inputs).scores, expected.scores, rtol=1e-5)


@pytest.mark.parametrize(
    "said", [ASKED, "beam_size=3,alpha=0.6", "beam_size=3,rescoring_alpha=0.6,batch_size=4"]
)
def test_how_it_was_made_may_be_said_again(held, said, expected):
    assert translator(held, said).translate(LINES[:1])[0][0].ids == expected[0].ids


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("length_halfwidth=0", "decodes with length_halfwidth=2, not 0: export the model again"),
        ("beam_size=5", "decodes with length_halfwidth=2, not 4"),
        ("alpha=0.0", "decodes with rescoring_alpha=0.6, not 0.0"),
        ("verified=True", "verified=True makes drafts, which need a scorer"),
    ],
)
def test_it_can_not_be_made_otherwise(held, said, told):
    with pytest.raises(InputError, match=told):
        translator(held, said)


def test_a_second_teacher_only_verifies(held, scorer):
    with pytest.raises(InputError, match="holds the teacher that ranks its candidates; leave out"):
        translator(held, scorer=scorer)
    checked = translator(held, "verified=True,extra_length=4", scorer).translate(LINES[:1])
    greedy = translator(scorer.export).translate(LINES[:1])
    assert checked[0][0].ids == greedy[0][0].ids


def strategy(wanted=ASKED):
    return student().strategy(settings(wanted) if isinstance(wanted, str) else wanted)


@pytest.mark.parametrize(
    ("overrides", "runtime", "told"),
    [
        ("", "saved_model", "nothing to judge: .* --decode_hparams=length_halfwidth=4"),
        ("", "litert", "nothing to judge"),
        (ASKED, "litert", "An export for litert holds no teacher: .* --format=saved_model"),
        (ASKED, "ctranslate2_int8", "An export for ctranslate2_int8 holds no teacher"),
    ],
)
def test_what_holds_no_teacher(overrides, runtime, told):
    with pytest.raises(InputError, match=told):
        held_teacher("teacher", strategy(overrides), runtime)


def test_what_has_no_candidates():
    search = trained(words(), TEACHER).strategy(settings("", "beam"))
    with pytest.raises(InputError, match="nothing to judge: .* decodes by Beam has no candidates"):
        held_teacher("teacher", search)


def test_what_is_no_teacher(held, tmp_path):
    with pytest.raises(InputError, match="gives no probability of whole sentences"):
        held_teacher(held.export_dir, strategy())
    with pytest.raises(InputError, match="No export in"):
        held_teacher(tmp_path, strategy())


def test_a_teacher_of_another_format_is_refused(scorer, tmp_path):
    facts = dataclasses.replace(scorer.metadata, runtime="litert")
    other = ExportedScorer(SimpleNamespace(metadata=facts, export_dir="teacher"))
    with pytest.raises(InputError, match="teacher is for litert: only a teacher exported with"):
        export(student(), settings(ASKED), tmp_path, teacher=other)


def test_sources_are_as_long_as_the_teacher_takes(scorer, tmp_path, monkeypatch):
    facts = dataclasses.replace(scorer.metadata, max_input_size=900)
    monkeypatch.setattr(scorer.export, "metadata", facts)
    asked = f"{ASKED},max_input_size"
    with pytest.raises(InputError, match="takes 900 tokens of a source, not max_input_size=901."):
        export(student(), settings(f"{asked}=901"), tmp_path, teacher=scorer)
    assert not list(tmp_path.iterdir())
    for wanted, size in ((ASKED, 900), (f"{asked}=20", 20)):
        found = within(scorer, settings(wanted), strategy(wanted))
        assert strategy(found).exported_input_size == size
