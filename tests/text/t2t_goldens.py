"""What T2T's own text_encoder gave, computed once with tensor2tensor 1.15.7 on Python 3.11.

The file holds a corpus, the vocabularies built from it (`build_from_generator`), and, with the
second of them, texts with their ids (`encode`) and ids with their texts (`decode`).
"""

import json
from pathlib import Path

GOLDENS = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
CORPUS = GOLDENS["corpus"]
SUBTOKENS = GOLDENS["vocabularies"][1]["subtokens"]
