"""Engines that translate: text in, text out, as somebody who has an export calls it."""

import functools
from pathlib import Path

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.metadata import newest_version
from t2t_hint_nart.exports.runtime import open_export
from t2t_hint_nart.exports.vocabulary_files import read_vocabularies
from t2t_hint_nart.process.threads import threads_of_a_call

# Once, however many engines decode with it.
opened = functools.cache(open_export)


def export(export_dir, vocabulary_dir, settings="", scorer_dir=""):
    """An export, decoded as it was exported or otherwise.

    A case has `lines`, and `batch` where they are to be translated so many at a time.

    Args:
        export_dir: of it.
        vocabulary_dir: of an export that has its vocabulary beside it.
        settings: decode hparams.
        scorer_dir: of an export that ranks candidates.
    """
    servable = opened(export_dir)

    def translator(batch):
        from t2t_hint_nart.exports.capabilities import ExportedScorer
        from t2t_hint_nart.serving.export_decoding import decode_of_export
        from t2t_hint_nart.serving.translator import Translator

        scorer = ExportedScorer(opened(scorer_dir)) if scorer_dir else None
        encoders = read_vocabularies(newest_version(vocabulary_dir))
        return Translator(decode_of_export(servable, settings, scorer), encoders, batch)

    translators = {}

    def call(case):
        batch = case.get("batch", 0)
        if not (settings or scorer_dir or batch):
            return servable.translate(case["lines"])
        if batch not in translators:
            translators[batch] = translator(batch)
        return [found[0].text for found in translators[batch].translate(case["lines"])]

    return call


def ctranslate2(export_dir, beam_size):
    """CTranslate2 as its users call it, with its own search and batches: text in, text out.

    A case has `lines`, perhaps `batch`, and `longest`, the limit of a translation in tokens, where
    it isn't CTranslate2's own.

    Args:
        export_dir: of an export in its format.
        beam_size: 1 is greedy.
    """
    try:
        from ctranslate2 import Translator
    except ImportError as error:
        advice = 'pip install "t2t-hint-nart[ctranslate2]"'
        raise InputError(f"CTranslate2 isn't installed: {advice}") from error

    folder = newest_version(export_dir)
    encoders = read_vocabularies(folder)
    threads = threads_of_a_call()
    model = Translator(str(folder), device="cpu", inter_threads=1, intra_threads=threads)

    def call(case):
        sources = [[*map(str, encoders["inputs"].encode(line)), "1"] for line in case["lines"]]
        found = model.translate_batch(
            sources,
            beam_size=beam_size,
            max_batch_size=case.get("batch") or 1,
            max_decoding_length=case.get("longest", 256),
        )
        ids = [[int(word) for word in result.hypotheses[0]] for result in found]
        return [encoders["targets"].decode(row) for row in ids]

    return call


def products(hparams_set, overrides, vocab_size):
    """The float32 products of one pass of a student, by NumPy: the floor of its time.

    A case has `length`, of source and translation.
    """
    import numpy as np

    from speed.products import shapes
    from t2t_hint_nart import registry
    from t2t_hint_nart.output_dir import create_hparams

    registry.load_plugins()
    hparams = create_hparams(hparams_set, overrides)
    random = np.random.default_rng(1)
    operands = {}

    def constant(shape):
        return random.standard_normal(shape, np.float32)

    def call(case):
        length = case["length"]
        if length not in operands:
            operands[length] = [
                (constant(left), constant(right), np.empty((*left[:-1], right[-1]), np.float32))
                for left, right in shapes(hparams, vocab_size, length)
            ]
        for left, right, result in operands[length]:
            np.matmul(left, right, out=result)

    return call


def size_mib(*export_dirs):
    """Of the newest versions, on disk."""
    files = (path for folder in export_dirs for path in Path(newest_version(folder)).rglob("*"))
    return round(sum(path.stat().st_size for path in files if path.is_file()) / 2**20, 2)
