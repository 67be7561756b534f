"""t2t-exporter --teacher_export_dir: one export of a student and of the teacher that ranks."""

import pytest

from t2t_hint_nart.exports.metadata import HeldTeacher, read_metadata
from tests.bin.conftest import PROBLEM, STEPS
from tests.commands import refusal, succeed

ASKED = "length_halfwidth=2,rescoring_alpha=0.6"


def test_one_export_holds_the_student_and_its_teacher(workshop, teacher_export, tmp_path):
    told = succeed(
        "t2t-exporter",
        *workshop.flags("transformer_nat"),
        decode_hparams=ASKED,
        teacher_export_dir=teacher_export,
        export_dir=tmp_path / "export",
    )
    assert f"exported to {tmp_path / 'export' / '1'}" in told
    found, teacher = read_metadata(tmp_path / "export"), read_metadata(teacher_export)
    assert (found.model, found.problem, found.step) == ("transformer_nat", PROBLEM, STEPS[-1])
    assert found.rescored_by == HeldTeacher(
        "transformer", PROBLEM, STEPS[-1], teacher.weights_fingerprint, candidates=5
    )
    assert found.decode_hparams["rescoring_alpha"] == 0.6
    # The teacher takes fewer tokens than the student would.
    assert found.max_input_size == 50


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
