"""A made-up de-en.tgz with the layout of IWSLT 2014's."""

import io
import tarfile

from t2t_hint_nart.problems.builders.iwslt14 import HELD_OUT

TALKS = 8
SENTENCES = 6  # of a talk, beside its title and description


def training_lines(language):
    """Talks, each with its markup, two very unlike sentences and a long one."""
    word = {"de": "Wir sahen den Delphin", "en": "We saw the dolphin"}[language]
    says = {"de": "Er sagte: „Gut“ & ging.", "en": "He's said: “Good” & left."}[language]
    for talk in range(TALKS):
        yield f"<url>http://www.ted.com/talks/{talk}</url>"
        yield "<keywords>talks, science</keywords>"
        yield f"<talkid>{talk}</talkid>"
        yield f"<title>{word} {talk}</title>"
        yield f"<description>TED Talk Subtitles: {word} {talk}.</description>"
        for number in range(SENTENCES - 3):
            yield f" {word} Nr. {talk}-{number} im Golf. {says}"
        yield f"{word}." + " Ja" * (4 * (language == "de"))
        yield "" if language == "de" else f"{word} alone."
        yield " ".join([f"{word} {talk}."] * 12)


def segments(language, split):
    """A document of two segments, the typographic apostrophe in one."""
    text = {"de": "Das war’s, sagt", "en": "That’s it, says"}[language]
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<mteval><srcset setid="x" srclang="german"><doc docid="1"><title>{text}</title>'
    for number in (1, 2):
        yield f'<seg id="{number}"> {text} {split} {number}. </seg>'
    yield "</doc></srcset></mteval>"


def write_archive(path, without=()):
    """Write the archive, leaving out some of its files."""
    with tarfile.open(path, "w:gz") as archive:
        for language in ("de", "en"):
            files = {f"train.tags.de-en.{language}": training_lines(language)}
            for split, stem in HELD_OUT.items():
                files[f"{stem}.de-en.{language}.xml"] = segments(language, split)
            for name, lines in files.items():
                if name in without:
                    continue
                content = "".join(line + "\n" for line in lines).encode()
                member = tarfile.TarInfo(f"de-en/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
