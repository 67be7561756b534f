"""Made-up archives with the layout of those that WMT's training and test data come in."""

import io
import tarfile

# Archive -> its text files, without the language at their ends.
_TRAINING = {
    "training-parallel-europarl-v7": "training/europarl-v7.de-en",
    "training-parallel-commoncrawl": "commoncrawl.de-en",
    "training-parallel-nc-v13": "training-parallel-nc-v13/news-commentary-v13.de-en",
    "training-parallel-nc-v9": "training/news-commentary-v9.de-en",
}
_HELD_OUT = {
    "newstest2013": "dev/newstest2013.{language}",
    "newstest2014": "dev/newstest2014-deen-{side}.{language}.sgm",
}
PAIRS = 12  # of each corpus; one of them has no German side
TEXT = {"de": "Die Rede, Nr. {} von {}.", "en": "The speech, no. {} of {}."}


def lines(corpus, language):
    """The text of a training corpus."""
    text = [TEXT[language].format(number, corpus) for number in range(PAIRS)]
    if language == "de":
        text[5] = ""
    return "\n".join(text)


def _add(archive, name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content.encode())
    archive.addfile(member, io.BytesIO(content.encode()))


def write_archives(folder):
    """Write one archive for each training corpus and one of the held-out sets."""
    for name, stem in _TRAINING.items():
        with tarfile.open(folder / f"{name}.tgz", "w:gz") as archive:
            for language in ("de", "en"):
                _add(archive, f"{stem}.{language}", lines(stem.split("/")[-1], language))
    with tarfile.open(folder / "dev.tgz", "w:gz") as archive:
        for language, side in (("de", "src"), ("en", "ref")):
            for name, pattern in _HELD_OUT.items():
                text = [TEXT[language].format(number, name) for number in range(3)]
                path = pattern.format(language=language, side=side)
                if path.endswith(".sgm"):
                    text = [f'<seg id="{i}">{line}</seg>' for i, line in enumerate(text, 1)]
                    text = ["<doc>", *text, "</doc>"]
                _add(archive, path, "\n".join(text))


def unpack_archives(folder):
    """Write the files of all archives into a folder."""
    write_archives(folder)
    for path in sorted(folder.glob("*.tgz")):
        with tarfile.open(path) as archive:
            archive.extractall(folder, filter="data")
