"""A made-up wheel with the layout of the course's."""

import hashlib
import json
import zipfile

FILENAME = "auf_deutsch-0.1.1-py3-none-any.whl"

NOUNS = ("Hund", "Katze", "Vogel", "Pferd", "Fisch", "Maus")
VERBS = ("schläft", "singt", "springt", "wartet", "lacht", "weint")
ENGLISH = {
    **dict(zip(NOUNS, ("dog", "cat", "bird", "horse", "fish", "mouse"), strict=True)),
    **dict(zip(VERBS, ("sleeps", "sings", "jumps", "waits", "laughs", "cries"), strict=True)),
}


def sentences():
    """All nouns with all verbs: 36 pairs that share no side."""
    for noun in NOUNS:
        for verb in VERBS:
            yield {
                "de": f"Das Tier, ein {noun}, {verb}.",
                "en": f"The animal, a {ENGLISH[noun]}, {ENGLISH[verb]}.",
            }


CONTENTS = {
    "packs/animals.json": {"phrases": list(sentences())},
    "stories/short.json": {
        "paragraphs": [
            {"de": "Ja! Wer ist da? Ich.", "en": "Yes! Who is there? Me."},
            {"de": "Wer ist da?", "en": "Who goes there now? (informal)"},
            {"de": "Wer ist denn da?", "en": "Who is there?"},
        ],
        "questions": [{"question_de": "Wer singt so laut?", "question_en": "Who sings so loudly?"}],
    },
}


def write_wheel(path, contents=None):
    """Write a wheel and return its SHA-256.

    Args:
        path: of the wheel file.
        contents: content file -> what it holds.
    """
    metadata = "Metadata-Version: 2.1\nName: auf-deutsch\nVersion: 0.1.1\n"
    tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (CONTENTS if contents is None else contents).items():
            archive.writestr(f"auf_deutsch/content/{name}", json.dumps(content))
        archive.writestr("auf_deutsch/content/curriculum.json", json.dumps({"de": "x", "en": "y"}))
        archive.writestr("auf_deutsch-0.1.1.dist-info/METADATA", metadata)
        archive.writestr("auf_deutsch-0.1.1.dist-info/WHEEL", tags)
        archive.writestr("auf_deutsch-0.1.1.dist-info/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()
