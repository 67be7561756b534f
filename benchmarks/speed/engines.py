"""Which engines there are, by the names that tables and charts have for them."""

from speed.models import SIZES
from speed.turns import Engine

BEAM, GREEDY = "our beam 4", "our greedy"
NINE, FIVE = "nine candidates, rescored", "five candidates, rescored"
NINE_LITERT, NINE_INT8 = f"{NINE}, LiteRT", f"{NINE}, LiteRT int8"
FIVE_LITERT, FIVE_INT8 = f"{FIVE}, LiteRT", f"{FIVE}, LiteRT int8"
ONE_PASS, LITERT, LITERT_INT8 = "one pass", "one pass, LiteRT", "one pass, LiteRT int8"
BEFORE = "one pass, before"
CT2_GREEDY, CT2_BEAM = "CTranslate2 greedy", "CTranslate2 beam 4"
CT2_INT8_GREEDY, CT2_INT8_BEAM = "CTranslate2 int8 greedy", "CTranslate2 int8 beam 4"
PRODUCTS = "bare products"
# CTranslate2 with its own search and batches, not T2T's.
STOCK = ", its own search"
CANDIDATES = {4: (NINE, NINE_LITERT, NINE_INT8), 2: (FIVE, FIVE_LITERT, FIVE_INT8)}
_CT2 = {
    (CT2_BEAM, CT2_GREEDY): "ctranslate2",
    (CT2_INT8_BEAM, CT2_INT8_GREEDY): "ctranslate2_int8",
}


def translators(folder, before=None):
    """The engines that translate with what t2t-exporter writes.

    Args:
        folder: of teacher/<runtime> and student/<runtime>.
        before: a student's SavedModel made by an earlier version, if there is one.
    """
    made = []

    def add(name, runtime, group, settings="", scorer=""):
        paths = {"export_dir": str(folder / runtime)}
        if scorer:
            paths["scorer_dir"] = str(folder / scorer)
        given = {
            **paths,
            "vocabulary_dir": str(folder / "student" / "litert"),
            "settings": settings,
        }
        made.append(Engine(name, "speed.translators:export", given, group, (*paths.values(),)))

    add(BEAM, "teacher/saved_model", "SavedModel")
    add(GREEDY, "teacher/saved_model", "SavedModel", "beam_size=1")
    runtimes = ("saved_model", "litert", "litert_int8")
    for name, runtime in zip((ONE_PASS, LITERT, LITERT_INT8), runtimes, strict=True):
        add(name, f"student/{runtime}", "LiteRT" if runtime != "saved_model" else "SavedModel")
    for halfwidth, names in CANDIDATES.items():
        for name, runtime in zip(names, runtimes, strict=True):
            group = "SavedModel" if runtime == "saved_model" else "LiteRT, rescored"
            settings = f"length_halfwidth={halfwidth}"
            add(name, f"student/{runtime}", group, settings, f"teacher/{runtime}")
    if before is not None:
        add(BEFORE, before.relative_to(folder), "SavedModel")
    for (beam, greedy), runtime in _CT2.items():
        add(beam, f"teacher/{runtime}", "CTranslate2")
        add(greedy, f"teacher/{runtime}", "CTranslate2", "beam_size=1")
    return made


def stock(folder):
    """CTranslate2's own search and batches, as `translators`."""
    return [
        Engine(
            name + STOCK,
            "speed.translators:ctranslate2",
            {"export_dir": path, "beam_size": beam_size},
            "CTranslate2, its own",
            (path,),
        )
        for names, runtime in _CT2.items()
        for path in [str(folder / "teacher" / runtime)]
        for name, beam_size in zip(names, (4, 1), strict=True)
    ]


def products(size, vocab_size):
    """The floor, of random weights."""
    _, student_set, overrides = SIZES[size]
    given = {"hparams_set": student_set, "overrides": overrides, "vocab_size": vocab_size}
    return [Engine(PRODUCTS, "speed.translators:products", given, PRODUCTS)]
