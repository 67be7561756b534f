import shutil

import numpy as np
import pytest

from tests.commands import refusal, succeed


def values(path):
    from t2t_hint_nart.training.checkpoints import read_model_values

    return read_model_values(str(path))


def test_the_mean_of_those_named_and_of_the_last(workshop, tmp_path):
    run = workshop.runs["transformer"]
    out = tmp_path / "averaged.ckpt"
    told = succeed(
        "t2t-avg-checkpoints", prefix=f"{run}/model.ckpt-", checkpoints="10,20", output_path=out
    )
    assert told == f"Mean of {run}/model.ckpt-10, {run}/model.ckpt-20: {out}-0\n"
    first, second = values(run / "model.ckpt-10"), values(run / "model.ckpt-20")
    mean = values(f"{out}-0")
    assert mean.keys() == first.keys()
    for name, value in mean.items():
        np.testing.assert_allclose(value, (first[name] + second[name]) / 2, 1e-6, 1e-7)
    last = tmp_path / "last"
    succeed("t2t-avg-checkpoints", prefix=f"{run}/", num_last_checkpoints=1, output_path=last)
    for name, value in values(f"{last}-0").items():
        np.testing.assert_array_equal(value, second[name])
    again = refusal("t2t-avg-checkpoints", prefix=f"{run}/", num_last_checkpoints=1,
                    output_path=last)  # fmt: skip
    assert again == f"--output_path: {last}-0 exists; give another."


def test_the_run_itself_goes_on_as_before(workshop, tmp_path):
    """The file `checkpoint` says where training resumes: never at a mean."""
    run = tmp_path / "run"
    shutil.copytree(workshop.runs["transformer"], run)
    state = (run / "checkpoint").read_text()
    succeed("t2t-avg-checkpoints", prefix=f"{run}/", num_last_checkpoints=2,
            output_path=run / "averaged.ckpt")  # fmt: skip
    assert (run / "averaged.ckpt-0.index").exists()
    assert (run / "checkpoint").read_text() == state
    files = sorted(run.iterdir())
    told = refusal("t2t-avg-checkpoints", prefix=f"{run}/", num_last_checkpoints=2,
                   output_path=run / "model.ckpt")  # fmt: skip
    assert "would pass for a checkpoint of the run itself" in told
    told = refusal("t2t-avg-all", model_dir=run, output_dir=f"{run}/../run", n=2)
    assert "means would take its checkpoints' place" in told
    assert sorted(run.iterdir()) == files


def test_the_average_is_decoded_by_its_path(workshop, tmp_path):
    run = workshop.runs["transformer"]
    succeed("t2t-avg-checkpoints", prefix=f"{run}/", num_last_checkpoints=2,
            output_path=tmp_path / "averaged.ckpt")  # fmt: skip
    (tmp_path / "pairs").write_text("der Hund\tthe dog\n", "utf-8")
    flags = [flag for flag in workshop.flags() if not flag.startswith("--output_dir")]
    shutil.copy(run / "hparams.json", tmp_path)
    scores = succeed("t2t-decoder", *flags, score_file=tmp_path / "pairs",
                     checkpoint_path=tmp_path / "averaged.ckpt-0",
                     decode_to_file=tmp_path / "scores")  # fmt: skip
    assert scores == f"1 scores written to {tmp_path / 'scores'}\n"
    assert float((tmp_path / "scores").read_text()) < 0


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, "Missing --prefix. See --help."),
        ({"prefix": "x/"}, "--num_last_checkpoints must be at least 1, not 0."),
        (
            {"prefix": "x/", "num_last_checkpoints": 2},
            "x has 0 checkpoints, fewer than --num_last_checkpoints=2.",
        ),
        (
            {"prefix": "x/", "checkpoints": "a-1,b-2"},
            "No checkpoint at x/a-1: x/a-1.index doesn't exist.",
        ),
    ],
)
def test_refusals(tmp_path, monkeypatch, flags, expected):
    monkeypatch.chdir(tmp_path)
    assert refusal("t2t-avg-checkpoints", output_path="out", **flags) == expected
    assert not list(tmp_path.iterdir())
