import io

import pytest

from t2t_hint_nart.bin import command_line, t2t_decoder
from t2t_hint_nart.bin.shared_flags import (
    define_checkpoint_flags,
    define_data_flags,
    define_decode_flags,
    define_model_flags,
)
from t2t_hint_nart.serving.translator import LONGEST_SENTENCE
from tests.bin.conftest import PAIRS, PROBLEM

pytestmark = [
    pytest.mark.usefixtures("eager_functions"),
    # Run eagerly, a sentence of one token has a softmax over one value.
    pytest.mark.filterwarnings("ignore:You are using a softmax"),
]
SHORT = "--decode_hparams=extra_length=2,beam_size=2"
SOURCES = [source for source, _ in PAIRS["eval"]]


def run(*arguments):
    command_line.run(
        t2t_decoder._main,
        "t2t-decoder",
        define_data_flags,
        define_model_flags,
        define_checkpoint_flags,
        define_decode_flags,
        t2t_decoder.define_flags,
        argv=[str(argument) for argument in arguments],
    )


def refusal(capsys, *arguments):
    with pytest.raises(SystemExit) as error:
        run(*arguments)
    assert error.value.code == 1
    told = capsys.readouterr()
    assert told.out == ""
    lines = [line for line in told.err.splitlines() if "hparams.json" not in line]
    (line,) = lines
    return line.removeprefix("t2t-decoder: error: ")


def write(path, lines):
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def source(tmp_path):
    return write(tmp_path / "in", SOURCES)


def test_a_file(capsys, workshop, tmp_path, source):
    out = tmp_path / "out"
    reference = write(tmp_path / "ref", [target for _, target in PAIRS["eval"]])
    run(
        *workshop.flags(),
        SHORT + ",return_beams=True,write_beam_scores=True",
        f"--decode_from_file={source}",
        f"--decode_to_file={out}",
        f"--decode_reference={reference}",
        "--keep_timestamp",
    )
    lines = out.read_text("utf-8").split("\n")
    assert lines.pop() == "" and len(lines) == len(SOURCES)
    for line in lines:
        _, best, _, second = line.split("\t")
        assert float(best) >= float(second)
    told = capsys.readouterr()
    assert [line.split(" = ")[0] for line in told.out.splitlines()[1:]] == [
        "BLEU_uncased",
        "BLEU_cased",
        "BLEU_13a",
    ]
    assert "(Throughput = " in told.err
    index = workshop.runs["transformer"] / "model.ckpt-20.index"
    assert out.stat().st_mtime == index.stat().st_mtime


def test_the_name_of_the_decodes_and_the_latency(capsys, workshop, source):
    run(*workshop.flags(), SHORT + ",batch_size=1", f"--decode_from_file={source}")
    name = f"in.transformer.transformer_test.{PROBLEM}.beam2.alpha0.6.decodes"
    assert len(source.with_name(name).read_text("utf-8").splitlines()) == 2
    assert "(Latency = " in capsys.readouterr().err


def test_a_line_that_is_too_long_costs_no_other(capsys, workshop, tmp_path):
    out, long = tmp_path / "out", "Hund " * LONGEST_SENTENCE
    file = write(tmp_path / "in", [SOURCES[0], long, SOURCES[1]])
    with pytest.raises(SystemExit):
        run(*workshop.flags(), SHORT, f"--decode_from_file={file}", f"--decode_to_file={out}")
    told = f"t2t-decoder: error: Too long: line 2 of {file}. What {out} has there "
    assert told in capsys.readouterr().err
    lines = out.read_text("utf-8").split("\n")
    assert lines[1] == lines[3] == "" and lines[0] and lines[2] and len(lines) == 4
    pairs = write(tmp_path / "pairs", [f"{SOURCES[0]}\tthe bird", f"{SOURCES[1]}\t{long}"])
    with pytest.raises(SystemExit):
        run(*workshop.flags(), f"--score_file={pairs}", f"--decode_to_file={out}")
    assert f"Too long: line 2 of {pairs}. What {out} has there" in capsys.readouterr().err
    score, none = out.read_text().splitlines()
    assert float(score) < 0 and none == "nan"


def test_a_part_of_a_file(workshop, tmp_path, source):
    for part, line in enumerate(SOURCES):
        write(tmp_path / f"in{part:03d}", [line])
    flags = [*workshop.flags(), SHORT, "--decode_shards=2", "--worker_id=1"]
    run(*flags, f"--decode_from_file={source}", f"--decode_to_file={tmp_path / 'part'}")
    run(*workshop.flags(), SHORT, f"--decode_from_file={source}", f"--decode_to_file={source}.all")
    everything = (tmp_path / "in.all").read_text("utf-8").splitlines()
    assert (tmp_path / "part001").read_text("utf-8").splitlines() == everything[1:]
    assert not (tmp_path / "part").exists()


def test_the_problems_own_sentences(capsys, workshop, tmp_path):
    run(*workshop.flags(), SHORT, f"--decode_to_file={tmp_path / 'dev'}")
    stem = tmp_path / f"dev.transformer.transformer_test.{PROBLEM}.beam2.alpha0.6"
    written = [stem.with_name(stem.name + end) for end in (".decodes", ".targets", ".inputs")]
    assert sorted(tmp_path.iterdir()) == sorted(written)
    decodes, targets, inputs = (path.read_text("utf-8").splitlines() for path in written)
    assert len(decodes) == 2
    assert list(zip(inputs, targets, strict=True)) == PAIRS["eval"]
    assert "BLEU_cased = " in capsys.readouterr().out


def test_the_test_set_is_printed(capsys, workshop):
    run(*workshop.flags(), SHORT, "--eval_use_test_set")
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "Inference results INPUT: die Katze singt ."
    assert out[1].startswith("Inference results OUTPUT: ")
    assert out[2] == "Inference results TARGET: the cat sings ."


def test_num_samples(capsys, workshop):
    run(*workshop.flags(), SHORT + ",num_samples=1")
    assert capsys.readouterr().out.count("INPUT") == 1


def test_scores_of_a_file(workshop, tmp_path):
    pairs = [*PAIRS["eval"], ("die Katze .", "")]
    file = write(tmp_path / "pairs", ["\t".join(pair) for pair in pairs])
    for model in workshop.runs:
        out = tmp_path / model
        run(*workshop.flags(model), f"--score_file={file}", f"--decode_to_file={out}")
        scores = out.read_text().splitlines()
        assert all(score == f"{float(score):.6f}" and float(score) < 0 for score in scores)
        # An empty target is one EOS: more probable than several tokens, model untrained.
        assert len(scores) == 3 and float(scores[2]) > max(float(s) for s in scores[:2])


def test_a_score_does_not_depend_on_the_batch(workshop, tmp_path):
    file = write(tmp_path / "pairs", ["\t".join(pair) for pair in PAIRS["train"][:5]])
    results = []
    for batch_size in (1, 5):
        out = tmp_path / str(batch_size)
        flags = [f"--decode_hparams=batch_size={batch_size}", f"--score_file={file}"]
        run(*workshop.flags(), *flags, f"--decode_to_file={out}")
        results.append([float(line) for line in out.read_text().splitlines()])
    assert results[0] == pytest.approx(results[1], abs=1e-5)


def test_a_collapsed_output_has_no_score_of_a_target(capsys, workshop, tmp_path):
    """Its positions aren't those of targets; told before anything is read."""
    flags = [flag for flag in workshop.flags() if not flag.startswith("--model=")]
    line = refusal(
        capsys,
        *flags,
        "--model=transformer_nat_ctc",
        "--score_file=missing",
        f"--decode_to_file={tmp_path / 'out'}",
    )
    assert line == (
        "--score_file needs a position for each target, which a 'transformer_nat_ctc' hasn't got: "
        "its output is collapsed."
    )


def test_a_student(workshop, tmp_path, source):
    out = tmp_path / "out"
    run(
        *workshop.flags("transformer_nat"),
        "--decode_hparams=identity_output=True,use_inputs_length=True,length_bias=2",
        f"--decode_from_file={source}",
        f"--decode_to_file={out}",
    )
    lines = out.read_text().splitlines()
    assert len(lines) == 2
    assert all(word.isdecimal() for line in lines for word in line.split())


def test_a_students_beam_needs_a_teacher(capsys, workshop, source):
    line = refusal(
        capsys,
        *workshop.flags("transformer_nat"),
        "--decode_hparams=beam_size=5",
        f"--decode_from_file={source}",
    )
    assert line.startswith("length_halfwidth=4 (a student's beam_size - 1) gives 9 candidates")


def test_what_is_typed(capsys, monkeypatch, workshop):
    typed = iter(["ns=2", "der Hund .", "it=image", "dl=1", "die Katze .", "q"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(typed))
    run(*workshop.flags(), SHORT, "--decode_interactive")
    told = capsys.readouterr()
    assert told.out.count("\tScore:-") == 4
    assert "it=image: there is no input type but text." in told.err
    assert list(typed) == []


def test_what_is_typed_and_is_not_utf8(capsys, monkeypatch, workshop):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"Gr\xfcn\n"), "utf-8"))
    with pytest.raises(SystemExit):
        run(*workshop.flags(), SHORT, "--decode_interactive")
    told = capsys.readouterr().err
    assert told.endswith("t2t-decoder: error: What is typed isn't UTF-8: invalid start byte.\n")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--decode_interactive", "--score_file=x"], "Give one of --decode_interactive and --sco"),
        (["--score_file=x"], "To score a file, specify --decode_to_file for results."),
        (["--decode_from_file=missing"], "cannot read 'missing': No such file or directory"),
        (["--decode_from_file={empty}"], "'{empty}' is empty: at least 1 line is needed"),
        (["--decode_from_file={latin}"], "'{latin}' is not UTF-8 text at line 2"),
        (
            ["--score_file={source}", "--decode_to_file={out}"],
            "'{source}' must have the form",
        ),
        (
            ["--decode_from_file={source}", "--decode_reference={one}"],
            "{one} has 1 references for 2 sentences.",
        ),
        (["--decode_from_file={source}", "--decode_shards=2", "--worker_id=2"], "--worker_id (sh"),
        (["--decode_shards=3", "--worker_id=2"], f"{PROBLEM} has 1 dev shards: there is no shard"),
        (["--decode_hparams=num_decodes=2"], "hparam 'num_decodes' accepts only 1, got 2"),
        (["--decode_hparams=beam=2"], "Unknown hyperparameter type for beam."),
        (["--checkpoint_path=nowhere/model.ckpt-1"], "No checkpoint at nowhere/model.ckpt-1"),
    ],
)
def test_refusals(capsys, workshop, tmp_path, source, arguments, expected):
    files = {
        "source": source,
        "out": tmp_path / "out",
        "one": write(tmp_path / "one", ["x"]),
        "empty": write(tmp_path / "empty", []),
        "latin": tmp_path / "latin",
    }
    files["latin"].write_bytes(b"a\n\xe9\n")
    files["out"].write_text("precious")
    before = sorted(tmp_path.iterdir())
    line = refusal(capsys, *workshop.flags(), *(a.format(**files) for a in arguments))
    assert line.startswith(expected.format(**files))
    assert sorted(tmp_path.iterdir()) == before
    assert files["out"].read_text() == "precious"


def test_an_interrupted_decode_leaves_the_old_one(monkeypatch, workshop, tmp_path, source):
    out = write(tmp_path / "out", ["precious"])

    def interrupted(*arguments):
        raise KeyboardInterrupt

    translate = "t2t_hint_nart.serving.translator.Translator.translate_encoded"
    monkeypatch.setattr(translate, interrupted)
    with pytest.raises(SystemExit):
        run(*workshop.flags(), SHORT, f"--decode_from_file={source}", f"--decode_to_file={out}")
    assert out.read_text() == "precious\n"
    assert not (tmp_path / "out.incomplete").exists()
