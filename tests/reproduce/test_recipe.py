import dataclasses

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import UnknownNameError
from t2t_hint_nart.reproduce.recipe import NO_HINTS, RECIPES, find_recipe


@pytest.mark.parametrize("name", RECIPES)
def test_what_a_recipe_names_exists_and_goes_together(name):
    recipe = find_recipe(name)
    assert recipe.name == name and recipe.doc
    registry.problem(recipe.problem)
    registry.problem(f"{recipe.problem}_distill")
    teacher = registry.hparams(recipe.teacher_set)
    systems = [student.system for student in recipe.students]
    assert len(set(systems)) == len(systems) and "teacher" not in systems
    for student in recipe.students:
        hparams = registry.hparams(recipe.student_set).parse(student.overrides)
        hinted = bool(hparams.hint_hidden_weight), bool(hparams.hint_align_weight)
        assert hinted == ("hid" in student.system, "align" in student.system)
        for same in ("num_hidden_layers", "num_decoder_layers", "num_heads", "hidden_size"):
            assert getattr(hparams, same) == getattr(teacher, same)
    first = recipe.students[0]
    assert (first.system, first.overrides, first.distilled) == ("student_nll", NO_HINTS, True)
    assert recipe.average * recipe.student_checkpoint_steps <= recipe.student_steps


def test_decodings_by_rescored_candidates():
    recipe = dataclasses.replace(find_recipe("quickstart"), halfwidth=2, rescoring_alphas=(0, 0.6))
    assert recipe.rescored() == {"rescored_5_alpha0": 0, "rescored_5_alpha0.6": 0.6}


def test_an_unknown_recipe_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError) as caught:
        find_recipe("quickstrat")
    assert str(caught.value).startswith("Unknown recipe 'quickstrat'; there are ")
    assert str(caught.value).endswith("Did you mean 'quickstart'?")
