"""t2t-exporter --teacher_export_dir: one export that decodes as a student's and a teacher's do."""

import pytest

from t2t_hint_nart.exports.metadata import read_metadata
from tests.commands import refusal, succeed

ASKED = "length_halfwidth=2,rescoring_alpha=0.6"
SENTENCES = "die Katze singt .\nder Hund\n\nder Vogel bellt laut .\n"


def test_one_export_translates_as_two(workshop, teacher_export, export_model, tmp_path):
    told = succeed(
        "t2t-exporter",
        *workshop.flags("transformer_nat"),
        decode_hparams=ASKED,
        teacher_export_dir=teacher_export,
        export_dir=tmp_path / "export",
    )
    assert f"exported to {tmp_path / 'export' / '1'}" in told
    # The teacher takes fewer tokens than the student would.
    assert read_metadata(tmp_path / "export").max_input_size == 50
    (tmp_path / "sentences").write_text(SENTENCES, "utf-8")
    student = export_model("transformer_nat", "length_bias=1", "saved_model")
    ways = {
        "one": {"export_dir": tmp_path / "export"},
        "two": {
            "export_dir": student,
            "teacher_export_dir": teacher_export,
            "decode_hparams": ASKED,
        },
        "student": {"export_dir": student},
    }
    found = {}
    for name, flags in ways.items():
        written = tmp_path / f"{name}.txt"
        source = {"decode_from_file": tmp_path / "sentences", "decode_to_file": written}
        succeed("t2t-decoder", **flags, **source)
        found[name] = written.read_text("utf-8")
    assert found["one"] == found["two"] != found["student"]
    assert len(found["one"].splitlines()) == 4


@pytest.mark.parametrize(
    ("teacher", "told"),
    [
        ("foreign_teacher", "its vocabulary of inputs has fingerprint ffff"),
        ("opposite_teacher", "translates text2text_tmpdir_rev, the opposite direction"),
    ],
)
def test_what_can_not_be_part_of_it(teacher, told, workshop, request, tmp_path):
    assert told in refusal(
        "t2t-exporter",
        *workshop.flags("transformer_nat"),
        decode_hparams=ASKED,
        teacher_export_dir=request.getfixturevalue(teacher),
        export_dir=tmp_path / "export",
    )
    assert not list(tmp_path.glob("export/*"))


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({}, "has nothing to judge: ask for candidates, as --decode_hparams=length_halfwidth=4."),
        ({"decode_hparams": ASKED, "format": "litert"}, "An export for litert holds no teacher"),
        ({"decode_hparams": "verified=True"}, "a teacher checks drafts pass by pass, outside of"),
    ],
)
def test_what_is_refused_before_anything_is_loaded(flags, told, workshop, tmp_path):
    assert told in refusal(
        "t2t-exporter",
        *workshop.flags("transformer_nat"),
        teacher_export_dir=tmp_path / "nowhere",
        export_dir=tmp_path / "export",
        **flags,
    )
