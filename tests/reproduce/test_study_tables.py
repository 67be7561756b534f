import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.reproduce.study_tables import study_tables


def answer(question, variant, bleu, seed=1, settings="", **fields):
    row = {"question": question, "variant": variant, "settings": settings, "seed": seed}
    return {**row, "dev_bleu": bleu, "steps": 50, "signature": "tok:13a", "seconds": bleu, **fields}


def test_a_table_for_each_question_best_first():
    lines = study_tables(
        [
            answer("Which λ?", "small", 10.0, settings="hint_hidden_weight=1", distilled=True),
            answer("Which λ?", "large", 11.0, settings="hint_hidden_weight=20", distilled=True),
            answer("Distilled?", "large", 11.0, distilled=True),
            answer("Distilled?", "real", 5.0, distilled=False),
        ]
    )
    assert lines == [
        "All runs: steps 50; seed 1. Scores are of the development set: `tok:13a`.",
        "",
        "**Which λ?** distilled yes",
        "",
        "| variant | settings | dev BLEU | difference | seeds |",
        "|---|---|--:|--:|--:|",
        "| large | `hint_hidden_weight=20` | **11.00** | +1.00 over small | 1 |",
        "| small | `hint_hidden_weight=1` | 10.00 | – | 1 |",
        "",
        "**Distilled?**",
        "",
        "| variant | settings | dev BLEU | difference | distilled | seeds |",
        "|---|---|--:|--:|--:|--:|",
        "| large | – | **11.00** | – | yes | 1 |",
        "| real | – | 5.00 | -6.00 over large | no | 1 |",
    ]


def test_seeds_are_put_together():
    lines = study_tables(
        [
            answer("Which?", "a", 10.0, seed=1, repetition_percent=4.0),
            answer("Which?", "a", 12.0, seed=2, repetition_percent=6.0),
            answer("Which?", "b", 11.5, seed=1, repetition_percent=5.0),
        ]
    )
    assert "seeds 1, 2." in lines[0]
    assert lines[0].endswith("Differences are taken seed by seed; p is of a t-test over seeds.")
    assert lines[-4].startswith("| variant | settings | dev BLEU | difference | repetition % |")
    assert lines[-2:] == [
        "| b | – | **11.50** | +1.50 over a | 5.00 | 1 |",
        "| a | – | 11.00 ± 1.41 | – | 5.00 ± 1.41 | 2 |",
    ]


def test_a_setting_that_seeds_share_has_no_spread():
    lines = study_tables(
        [answer("Which?", v, 1.0, seed=s, steps=n) for v, n in (("a", 5), ("b", 6)) for s in (1, 2)]
    )
    assert lines[-2:] == [
        "| a | – | **1.00 ± 0.00** | – | 5 | 2 |",
        "| b | – | 1.00 ± 0.00 | – | 6 | 2 |",
    ]


def test_differences_are_seed_by_seed_between_runs_of_as_many_steps():
    """Whatever differs between seeds alike is no difference between runs."""
    lines = study_tables(
        [
            answer("Which?", variant, bleu + level, seed=seed, steps=steps)
            for variant, steps, bleus in (
                ("nll", 50, (0.0, 0.0, 0.0)),
                ("nll_100", 100, (4.0, 4.0, 4.0)),
                ("hints", 50, (1.0, 2.0, 3.0)),
                ("hints_100", 100, (4.5, 4.5, 4.5)),
            )
            for seed, (bleu, level) in enumerate(zip(bleus, (5.0, 20.0, 11.0), strict=True))
        ]
    )
    cells = {line.split(" | ")[0]: line.split(" | ")[3] for line in lines[-4:]}
    assert cells == {
        "| nll": "–",
        "| nll_100": "–",
        "| hints": "+2.00 ± 1.00 over nll, p = 0.074",
        "| hints_100": "+0.50 ± 0.00 over nll_100",
    }


def test_a_single_answer_is_not_the_best_of_any():
    assert study_tables([answer("Which?", "a", 10.0)])[-1] == "| a | – | 10.00 | 1 |"


def test_no_study_no_lines():
    assert study_tables([]) == []


def test_damaged_rows_are_refused():
    with pytest.raises(InputError, match="row 1 of a study has no 'seed'"):
        study_tables([answer("Which?", "a", 1.0), {"question": "", "variant": "", "settings": ""}])
    with pytest.raises(InputError, match=r"two rows of a study answer 'Which\?' by a, seed 1"):
        study_tables([answer("Which?", "a", 1.0), answer("Which?", "a", 2.0)])
