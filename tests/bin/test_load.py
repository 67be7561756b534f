"""t2t_hint_nart.load of what t2t-exporter writes, in every format."""

import concurrent.futures

import pytest

import t2t_hint_nart
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.runtime import open_export
from tests.bin.conftest import PAIRS

SENTENCES = [source for split in PAIRS.values() for source, _ in split][-8:] + ["", "der"]
THREADS = 16


def litert(export_model, export_teacher):
    pytest.importorskip("ai_edge_litert")
    return {"export_dir": export_model("transformer_nat", "litert_int8")}


def verified(export_model, export_teacher):
    return litert(export_model, export_teacher) | {
        "teacher_export_dir": export_teacher("litert"),
        "decode_hparams": "verified=True,extra_length=2",
    }


def saved_model(export_model, export_teacher):
    return {"export_dir": export_teacher("saved_model"), "device": "cpu"}


def ctranslate2(export_model, export_teacher):
    pytest.importorskip("ctranslate2")
    return {"export_dir": export_teacher("ctranslate2")}


@pytest.mark.parametrize("arguments", [litert, verified, saved_model, ctranslate2])
def test_sixteen_threads_translate_as_one(arguments, export_model, export_teacher):
    loaded = t2t_hint_nart.load(**arguments(export_model, export_teacher))
    expected = loaded.translate(SENTENCES)
    assert any(expected) and len(set(expected)) > 2 and expected[-2] == ""
    # As many calls at once as there are threads, of other lengths in each.
    turns = [SENTENCES[n:] + SENTENCES[:n] for n in range(len(SENTENCES))] * 4
    with concurrent.futures.ThreadPoolExecutor(THREADS) as threads:
        found = list(threads.map(loaded.translate, turns))
    for turn, lines in zip(turns, found, strict=True):
        assert dict(zip(turn, lines, strict=True)) == dict(zip(SENTENCES, expected, strict=True))


def test_a_saved_model_says_what_its_own_graph_says(teacher_export):
    loaded = t2t_hint_nart.load(teacher_export)
    assert loaded.translate(SENTENCES) == open_export(teacher_export).translate(SENTENCES)


def test_a_device_that_is_not_there(teacher_export, export_model):
    with pytest.raises(InputError, match="TensorFlow sees no device 'gpu:7' here, only cpu:0"):
        t2t_hint_nart.load(teacher_export, device="gpu:7")
    pytest.importorskip("ai_edge_litert")
    student = export_model("transformer_nat", "litert_int8")
    with pytest.raises(InputError, match="is for LiteRT, which computes on a CPU"):
        t2t_hint_nart.load(student, device="gpu")
