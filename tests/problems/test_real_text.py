"""Real text through t2t-datagen, decoded back: for development, where there is such text.

T2T_MULTI30K, T2T_TATOEBA, T2T_IWSLT14 and T2T_WMT name folders to give as --tmp_dir.
"""

import os
import time
from collections import Counter

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.data.parallel_text import read_pairs

FOLDERS = {
    "translate_deen_multi30k": "T2T_MULTI30K",
    "translate_deen_tatoeba": "T2T_TATOEBA",
    "translate_deen_iwslt14": "T2T_IWSLT14",
    "translate_ende_wmt32k": "T2T_WMT",
}
SIZES = {
    "translate_deen_multi30k": {"train": 29_000, "dev": 1_014, "test": 1_000},
    "translate_deen_iwslt14": {"train": 160_239, "dev": 7_283, "test": 6_750},
}


@pytest.mark.parametrize(("name", "variable"), FOLDERS.items())
def test_every_sentence_comes_back_identical(name, variable, tmp_path):
    folder = os.environ.get(variable)
    if not folder:
        pytest.skip(f"needs real text; set {variable} to its folder")
    problem = registry.problem(name)
    started = time.monotonic()
    problem.generate_data(tmp_path, folder)
    print(f"{name}: {time.monotonic() - started:.0f} s")
    for part in problem.splits_in(folder):
        split = part["split"]
        pairs = problem.text_pairs(tmp_path, split)
        expected = [
            (sample["inputs"], sample["targets"])
            for sample in problem.generate_kept_samples(tmp_path, folder, split)
        ]
        assert Counter(pairs) == Counter(expected)
        if split != "train":
            assert pairs == expected
        print(f"{name}: {split} {len(pairs)} pairs identical")
        if split in SIZES.get(name, {}):
            assert len(pairs) == SIZES[name][split]
        paths = problem.local_paths(folder).get(split)
        if paths and not problem.pair_filters(split):
            assert Counter(read_pairs(*paths)) == Counter(pairs)
