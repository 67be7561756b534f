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
        "| variant | settings | dev BLEU | seeds |",
        "|---|---|--:|--:|",
        "| large | `hint_hidden_weight=20` | **11.00** | 1 |",
        "| small | `hint_hidden_weight=1` | 10.00 | 1 |",
        "",
        "**Distilled?**",
        "",
        "| variant | settings | dev BLEU | distilled | seeds |",
        "|---|---|--:|--:|--:|",
        "| large | – | **11.00** | yes | 1 |",
        "| real | – | 5.00 | no | 1 |",
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
    assert lines[-4].startswith("| variant | settings | dev BLEU | repetition % | seeds |")
    assert lines[-2:] == [
        "| b | – | **11.50** | 5.00 | 1 |",
        "| a | – | 11.00 ± 1.41 | 5.00 ± 1.41 | 2 |",
    ]


def test_a_single_answer_is_not_the_best_of_any():
    assert study_tables([answer("Which?", "a", 10.0)])[-1] == "| a | – | 10.00 | 1 |"


def test_no_study_no_lines():
    assert study_tables([]) == []


def test_damaged_rows_are_refused():
    with pytest.raises(InputError, match="row 1 of a study has no 'seed'"):
        study_tables([answer("Which?", "a", 1.0), {"question": "", "variant": "", "settings": ""}])
    with pytest.raises(InputError, match=r"two rows of a study answer 'Which\?' by a, seed 1"):
        study_tables([answer("Which?", "a", 1.0), answer("Which?", "a", 2.0)])
