r"""Commands whose directories have `*?[]\\` in their names, which TensorFlow takes for patterns."""

import shutil

import pytest

from tests.commands import succeed


@pytest.fixture(params=["lr[1]", "exp?"])
def run(request, workshop, tmp_path):
    """A run, beside another that its name fits as a pattern."""
    (tmp_path / request.param.replace("[1]", "1").replace("?", "1")).mkdir()
    return shutil.copytree(workshop.runs["transformer"], tmp_path / request.param)


def test_averages(run):
    out = run / "av[g]"
    assert f"Mean of 2 checkpoints: {out}/model.ckpt-20" in succeed(
        "t2t-avg-all", model_dir=run, output_dir=out, n=2
    )
    mean = run / "[a].ckpt"
    for prefix in (run, out):
        succeed("t2t-avg-checkpoints", prefix=f"{prefix}/", num_last_checkpoints=1,
                output_path=prefix / mean.name)  # fmt: skip


def test_another_format_and_back(run, workshop):
    flags = [flag for flag in workshop.flags() if not flag.startswith("--output_dir")]
    theirs = run / "[t2t]" / "model.ckpt-7"
    succeed("t2t-import-checkpoint", export_to=theirs, checkpoint_path=run / "model.ckpt-20")
    ours = run / "o?rs"
    succeed("t2t-import-checkpoint", *flags, checkpoint_path=theirs, output_dir=ours,
            hparams="hidden_size=16,filter_size=16,num_heads=2,num_hidden_layers=2")  # fmt: skip
    assert (ours / "model.ckpt-20.index").exists()


def test_a_data_set_is_evaluated(run, workshop):
    flags = [flag for flag in workshop.flags() if not flag.startswith("--output_dir")]
    told = succeed("t2t-eval", *flags, output_dir=run, eval_steps=1, eval_timeout_mins=0)
    assert "eval at step 20: loss" in told
