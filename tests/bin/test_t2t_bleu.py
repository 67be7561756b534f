import os
from pathlib import Path

import pytest
import sacrebleu

from t2t_hint_nart.bin import command_line, t2t_bleu
from tests.oracles.corpus_bleu import corpus_bleu, international_tokens
from tests.oracles.multi_bleu import multi_bleu

REFERENCES = ["Ein Mann fährt mit dem E-Bike nach Köln.", "Zwei Hunde spielen heute im Schnee."]
GOOD = ["Ein Mann fährt mit dem E-Bike nach köln.", "Zwei Hunde spielen heute im Schnee!"]
BAD = ["Ein Mann fährt mit dem Auto", "Zwei spielen heute im Schnee!"]


def write(path, lines):
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return str(path)


@pytest.fixture
def reference(tmp_path):
    return write(tmp_path / "reference.de", REFERENCES)


def run(capsys, *arguments):
    command_line.run(t2t_bleu._main, "t2t-bleu", t2t_bleu.define_flags, argv=arguments)
    return capsys.readouterr().out.splitlines()


def refusal(capsys, *arguments):
    with pytest.raises(SystemExit) as error:
        run(capsys, *arguments)
    assert error.value.code == 1
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    return line


def t2t_bleu_score(hypotheses, convert):
    tokens = [
        [international_tokens(convert(line)) for line in side] for side in (hypotheses, REFERENCES)
    ]
    return corpus_bleu(*tokens, smooth_exponentially=True)


def test_a_pair_of_files(capsys, tmp_path, reference):
    translation = write(tmp_path / "out", GOOD)
    uncased, cased, standard, wmt, iwslt = run(
        capsys, f"--translation={translation}", f"--reference={reference}"
    )
    assert uncased == f"BLEU_uncased = {t2t_bleu_score(GOOD, str.lower):6.2f}"
    assert cased == f"BLEU_cased = {t2t_bleu_score(GOOD, str):6.2f}"
    expected = sacrebleu.corpus_bleu(GOOD, [REFERENCES]).score
    signature = f"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:{sacrebleu.__version__}"
    assert standard == f"BLEU_13a = {expected:.2f} ({signature})"
    split = [
        [line.replace(".", " .").replace("!", " !") for line in side] for side in (GOOD, REFERENCES)
    ]
    atat = [[line.replace("E-Bike", "E ##AT##-##AT## Bike") for line in side] for side in split]
    signature = signature.replace("13a|smooth:exp", "none|smooth:none")
    expected = multi_bleu(*atat)[0]
    assert wmt == f"BLEU_tokenized = {expected:.2f} ({signature}|prep:moses-de+compounds)"
    expected = multi_bleu(*split, lowercase=True)[0]
    signature = signature.replace("mixed", "lc")
    assert iwslt == f"BLEU_tokenized_lc = {expected:.2f} ({signature}|prep:moses-de)"


def test_t2ts_width_of_the_number(capsys, reference):
    lines = run(capsys, f"--translation={reference}", f"--reference={reference}")
    assert lines[:2] == ["BLEU_uncased = 100.00", "BLEU_cased = 100.00"]


@pytest.mark.parametrize("variant", ["cased", "uncased"])
def test_one_variant(capsys, reference, variant):
    lines = run(
        capsys,
        f"--translation={reference}",
        f"--reference={reference}",
        f"--bleu_variant={variant}",
    )
    papers = ["BLEU_13a", "BLEU_tokenized", "BLEU_tokenized_lc"]
    assert [line.split()[0] for line in lines] == [f"BLEU_{variant}", *papers]


def test_the_reference_names_its_language(capsys, tmp_path):
    for name, arguments, language in (
        ("text.en", [], "en"),
        ("text.en", ["--language=fr"], "fr"),
        ("text.DE", [], "de"),
        ("text.txt", ["--language=de"], "de"),
    ):
        path = write(tmp_path / name, REFERENCES)
        lines = run(capsys, f"--translation={path}", f"--reference={path}", *arguments)
        assert [line.split()[2] for line in lines] == ["100.00"] * 5
        assert lines[3].endswith(f"|prep:moses-{language}+compounds)")
        assert lines[4].endswith(f"|prep:moses-{language})")


@pytest.mark.parametrize("name", ["new.ref", "text.txt", "text.12", "text.xq", "text", "de"])
def test_a_language_that_is_not_named_is_not_guessed(capsys, tmp_path, name):
    path = write(tmp_path / name, REFERENCES)
    arguments = [f"--translation={path}", f"--reference={path}", f"--source={path}"]
    command_line.run(t2t_bleu._main, "t2t-bleu", t2t_bleu.define_flags, argv=arguments)
    told = capsys.readouterr()
    names = [line.split()[0] for line in told.out.splitlines()]
    assert names == ["BLEU_uncased", "BLEU_cased", "BLEU_13a", "BLEU_13a_long"]
    (warning,) = told.err.splitlines()
    assert warning.startswith(f"t2t-bleu: warning: {path} doesn't say in its name, as text.de")


def test_tokens_that_are_given_need_no_language(capsys, tmp_path):
    path = write(tmp_path / "ref", ["Ja , er .", "Zwei , drei ."])
    lines = run(capsys, f"--translation={path}", f"--reference={path}")
    assert lines[3].endswith("|prep:given+compounds)") and lines[4].endswith("|prep:given)")


def test_a_language_that_is_none(capsys, reference):
    arguments = [f"--translation={reference}", f"--reference={reference}", "--language=german"]
    expected = "t2t-bleu: error: --language=german is no code of a language, as en or de are."
    assert refusal(capsys, *arguments) == expected


UNFIT = {
    "pieces of words": ["Ein Mann fä@@ hrt mit dem E-@@ Bike .", "Zwei Hun@@ de spielen ."],
    "pieces of ": ["▁Ein ▁Mann ▁fäh rt .", "▁Zwei ▁Hunde ."],
    "SGML": ['<seg id="1">Ein Mann.</seg>', '<seg id="2">Zwei Hunde.</seg>'],
    "tokenised": ["Ein Mann , er .", "Zwei , drei ."],
}


@pytest.mark.parametrize("form", UNFIT)
@pytest.mark.parametrize("which", ["reference", "translation"])
@pytest.mark.parametrize("is_directory", [False, True])
def test_text_that_is_not_plain(capsys, tmp_path, form, which, is_directory):
    paths = {}
    for flag in ("reference", "translation"):
        paths[flag] = write(tmp_path / f"{flag}-1", UNFIT[form] if flag == which else REFERENCES)
    arguments = [f"--reference={paths['reference']}"]
    if is_directory:
        (tmp_path / "out").mkdir()
        moved = Path(paths["translation"]).rename(tmp_path / "out" / "p-1")
        paths["translation"] = str(moved)
        arguments += [f"--translations_dir={tmp_path}/out", f"--event_dir={tmp_path}/events"]
    else:
        arguments += [f"--translation={paths['translation']}", "--language=de"]
    command_line.run(t2t_bleu._main, "t2t-bleu", t2t_bleu.define_flags, argv=arguments)
    warnings = capsys.readouterr().err.splitlines()
    assert any(w.startswith(f"t2t-bleu: warning: {paths[which]} ") and form in w for w in warnings)
    other = paths["reference" if which == "translation" else "translation"]
    assert not any(other in w for w in warnings)


def test_tokenised_text_scores_100_with_a_warning(capsys, tmp_path):
    tokens = ["&quot; No &quot; , it &apos;s high @-@ speed .", "Two a ##AT##-##AT## b , and c ."]
    path = write(tmp_path / "tokens.en", tokens)
    plain = write(tmp_path / "plain.en", ["Yes.", "No, he said."])
    arguments = [f"--translation={path}", f"--reference={path}", f"--source={path}"]
    command_line.run(t2t_bleu._main, "t2t-bleu", t2t_bleu.define_flags, argv=arguments)
    told = capsys.readouterr()
    assert [line.split()[2] for line in told.out.splitlines()] == ["100.00"] * 8
    (warning,) = told.err.splitlines()
    assert warning.startswith(f"t2t-bleu: warning: {path} looks tokenised already: BLEU_13a, ")
    arguments = [f"--translation={plain}", f"--reference={plain}"]
    command_line.run(t2t_bleu._main, "t2t-bleu", t2t_bleu.define_flags, argv=arguments)
    assert capsys.readouterr().err == ""


def test_a_source_adds_lines(capsys, tmp_path, reference):
    source = write(tmp_path / "source", ["a b c", "a"])
    translation = write(tmp_path / "out", BAD)
    lines = run(
        capsys,
        f"--translation={translation}",
        f"--reference={reference}",
        f"--source={source}",
    )
    long_score = sacrebleu.corpus_bleu(BAD[:1], [REFERENCES[:1]]).score
    assert lines[5].startswith(f"BLEU_13a_long = {long_score:.2f} (")
    assert [line.split()[0] for line in lines[5:]] == [
        "BLEU_13a_long",
        "BLEU_tokenized_long",
        "BLEU_tokenized_lc_long",
    ]
    for line in lines[5:]:
        assert line.endswith("(longest tenth, source >= 3 tokens, 1 sentence)")


def test_bad_input_is_told_in_one_line(capsys, tmp_path, reference):
    short = write(tmp_path / "short", GOOD[:1])
    assert refusal(capsys) == "t2t-bleu: error: Missing --reference. See --help."
    assert "either --translation or" in refusal(capsys, f"--reference={reference}")
    assert "either --translation or" in refusal(
        capsys, f"--reference={reference}", "--translation=a", "--translations_dir=b"
    )
    assert f"{short} has 1 lines and {reference} has 2: " in refusal(
        capsys, f"--reference={reference}", f"--translation={short}"
    )
    assert f"{short} has 1 lines and {reference} has 2: " in refusal(
        capsys, f"--reference={reference}", f"--translation={reference}", f"--source={short}"
    )
    assert "cannot read" in refusal(
        capsys, f"--reference={reference}", f"--translation={tmp_path}/none"
    )
    assert "--event_dir" in refusal(
        capsys, f"--reference={reference}", f"--translations_dir={tmp_path}"
    )
    assert "cased" in refusal(capsys, f"--reference={reference}", "--bleu_variant=both_of_them")


def read_events(directory):
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

    return [
        (event.step, event.wall_time, {v.tag: v.simple_value for v in event.summary.value})
        for file in sorted(directory.glob("events.out.tfevents.*"))
        for event in LegacyEventFileLoader(str(file)).Load()
        if event.summary.value
    ]


def test_a_directory_becomes_curves(capsys, tmp_path, reference):
    translations, events = tmp_path / "translations", tmp_path / "events"
    translations.mkdir()
    for name, lines, mtime in (("p-20", GOOD, 1_500_000_020), ("p-3", BAD, 1_500_000_003)):
        write(translations / name, lines)
        os.utime(translations / name, (mtime, mtime))
    arguments = (
        f"--translations_dir={translations}",
        f"--reference={reference}",
        f"--event_dir={events}",
        "--tag_suffix=_beam4",
    )
    lines = run(capsys, *arguments)
    assert [line.split(":")[0].rpartition("/")[2] for line in lines] == ["p-3"] * 2 + ["p-20"] * 2
    assert lines[3].endswith(f"BLEU_cased = {t2t_bleu_score(GOOD, str):6.2f}")
    zero, first, second = read_events(events)
    assert zero == (0, 1_500_000_003, {"BLEU_uncased_beam4": 0.0, "BLEU_cased_beam4": 0.0})
    assert first[:2] == (3, 1_500_000_003)
    assert first[2]["BLEU_cased_beam4"] == pytest.approx(t2t_bleu_score(BAD, str))
    assert second[:2] == (20, 1_500_000_020)
    assert second[2]["BLEU_uncased_beam4"] == pytest.approx(t2t_bleu_score(GOOD, str.lower))
    assert (events / "last_evaluated_step.txt").read_text() == "20\n"

    # Nothing is scored twice; a damaged file stops the run and keeps what was done.
    assert run(capsys, *arguments) == [f"Nothing to evaluate in {translations} from step 21 on."]
    write(translations / "p-30", GOOD)
    write(translations / "p-40", GOOD[:1])
    with pytest.raises(SystemExit):
        run(capsys, *arguments)
    told = capsys.readouterr()
    assert "p-30: BLEU_cased" in told.out
    assert f"error: {translations}/p-40 has 1 lines and {reference} has 2: " in told.err
    assert sorted(event[0] for event in read_events(events)) == [0, 3, 20, 30]
    assert (events / "last_evaluated_step.txt").read_text() == "30\n"
