"""t2t-decoder on a student with the fork's beam_size: candidates ranked by the teacher."""

import pytest

from tests.commands import succeed
from tests.e2e.conftest import STUDENT

BEAM = 3


def test_candidates_have_the_scores_that_score_file_gives(experiment, tmp_path):
    pairs = experiment.pairs("test")[:5]
    source = tmp_path / "in"
    source.write_text("".join(f"{text}\n" for text, _ in pairs), "utf-8")
    settings = f"beam_size={BEAM},return_beams=True,write_beam_scores=True"
    succeed(
        "t2t-decoder",
        **experiment.flags(STUDENT),
        teacher_export_dir=experiment.export_dir("teacher"),
        decode_from_file=source,
        decode_to_file=tmp_path / "out",
        decode_hparams=settings,
    )
    lines = (tmp_path / "out").read_text("utf-8").splitlines()
    assert len(lines) == len(pairs)
    candidates, scores = [], []
    for (text, _), line in zip(pairs, lines, strict=True):
        fields = line.split("\t")
        assert len(fields) == 2 * (2 * BEAM - 1)
        of_line = [float(score) for score in fields[1::2]]
        assert of_line == sorted(of_line, reverse=True)
        candidates += [f"{text}\t{fields[0]}\n"]
        scores.append(of_line[0])
    (tmp_path / "pairs").write_text("".join(candidates), "utf-8")
    succeed(
        "t2t-decoder",
        **experiment.flags("teacher"),
        score_file=tmp_path / "pairs",
        decode_to_file=tmp_path / "scores",
    )
    expected = [float(line) for line in (tmp_path / "scores").read_text().splitlines()]
    assert scores == pytest.approx(expected, abs=0.0051)
