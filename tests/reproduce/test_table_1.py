"""The paper's Table 1 beside rows made up by hand."""

from t2t_hint_nart.reproduce.paper_results import TABLE_1
from t2t_hint_nart.reproduce.recipe import Decoding, Recipe, System
from t2t_hint_nart.reproduce.rows import Rows, flat_rows
from t2t_hint_nart.reproduce.table_1 import table_1
from tests.reproduce.tiny_recipe import TINY_RECIPE


def recipe_of(names):
    """A recipe of systems of these names, by the decodings that Table 1 has of them."""
    of = {
        row.decoding: [r.system for r in TABLE_1 if r.decoding == row.decoding] for row in TABLE_1
    }
    decodings = [Decoding(d, systems=tuple(s for s in of[d] if s in names)) for d in of]
    return Recipe(
        name="made_up",
        doc="",
        problem="algorithmic_copy_tiny",
        systems=tuple(System(name, "transformer", "transformer_test", 1, 1) for name in names),
        decodings=(
            *(decoding for decoding in decodings if decoding.systems),
            Decoding("greedy", systems=("teacher",)),
        ),
        average=1,
    )


def rows_of(recipe):
    rows = []
    for place, (system, decoding) in enumerate(recipe.decoded()):
        about = {"recipe": recipe.name, "seed": 1, "system": system, "decoding": decoding}
        rows += flat_rows(about, {"bleu_13a": 10.0 + place, "latency_ms": 8.0, "speedup": 2.0})
    return Rows(rows, recipe.name)


def cells(lines):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_row_of_the_paper_stands_beside_ours_and_others_behind():
    recipe = recipe_of(list(dict.fromkeys(row.system for row in TABLE_1)))
    head, _, *body = cells(table_1(recipe, rows_of(recipe)))
    assert [line[0] for line in body] == [*(row.model for row in TABLE_1), "–"]
    fertility = dict(zip(head, next(line for line in body if line[0] == "FT"), strict=True))
    assert fertility["system"] == "fertility_tuned" and fertility["decoding"] == "one_pass"
    assert fertility["published WMT14 De-En"] == "20.62"
    assert fertility["published IWSLT14 De-En"] == "–"
    assert fertility["published speed-up"] == "15.60×"
    assert "20.62 without" in fertility["what the published are"]
    assert body[-1][1:3] == ["teacher", "greedy"]


def test_a_row_that_was_not_measured_is_there_all_the_same():
    names = [name for name in dict.fromkeys(row.system for row in TABLE_1) if name != "latent"]
    recipe = recipe_of(names)
    body = cells(table_1(recipe, rows_of(recipe)))
    assert next(line for line in body if line[0] == "LT")[1:4] == ["", "", "–"]


def test_other_recipes_have_no_such_table():
    assert table_1(TINY_RECIPE, rows_of(TINY_RECIPE)) == []
