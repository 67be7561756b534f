import pytest

from t2t_hint_nart.reproduce.paper_results import (
    DATASETS,
    POSTER,
    TABLE_1,
    TABLE_2,
    published,
)


def test_the_numbers_the_paper_states_in_its_text():
    hints = published("wmt14_ende", "student_align_hid", "one_pass")
    fertility = next(row for row in TABLE_1 if row.model == "FT, rescoring 10")
    rescored = published("wmt14_ende", "student_align_hid", "rescored_9")
    # In the text: 6.54 and 7.11 BLEU better than the fertility based model.
    gains = [round(rescored.bleu[name] - fertility.bleu[name], 2) for name in fertility.bleu]
    assert gains == [6.54, 7.11]
    # In the text: a speedup of 30.2 for a single sentence or 17.8 with teacher rescoring.
    assert (hints.speedup, rescored.speedup) == (30.2, 17.8)


def test_table_2_rises_with_each_hint():
    systems = ("student_nll", "student_align", "student_align_hid")
    rows = [published("iwslt14_deen", system, "one_pass") for system in systems]
    assert [row.bleu["iwslt14_deen"] for row in rows] == [23.08, 24.76, 25.55]
    assert [row.long_bleu["iwslt14_deen"] for row in rows] == [17.48, 19.24, 20.63]
    # In the text: repetitive words drop from 8.3 to 6.5 percent.
    assert rows[0].repetition_percent["iwslt14_deen"] == 8.3
    assert rows[2].repetition_percent["iwslt14_deen"] == 6.5


def test_the_control_without_hints_is_the_posters():
    assert published("wmt14_deen", "student_nll", "one_pass").bleu["wmt14_deen"] == 22.02
    assert published("wmt14_deen", "student_nll", "rescored_9").bleu["wmt14_deen"] == 26.21
    assert published("wmt14_ende", "student_nll", "one_pass").speedup == 14.9


def test_what_nobody_published():
    assert published("wmt14_ende", "student_align", "one_pass") is None
    assert published("iwslt14_deen", "student_hid", "one_pass") is None
    assert published("iwslt14_deen", "student_nll", "rescored_99") is None
    assert published("iwslt14_deen", "student_nll", "rescored") is None


def test_rescoring_by_any_length_penalty_stands_beside_the_papers():
    plain = published("iwslt14_deen", "student_align_hid", "rescored_9")
    assert published("iwslt14_deen", "student_align_hid", "rescored_9_alpha0.6") is plain
    assert plain.bleu["iwslt14_deen"] == 28.80


@pytest.mark.parametrize(
    "decoding", ["rescored_9_litert_int8", "rescored_9_dedup", "rescored_9_alpha0_litert"]
)
def test_another_runtime_or_decoding_stands_beside_nothing(decoding):
    assert published("iwslt14_deen", "student_align_hid", decoding) is None


def test_every_row_is_of_known_data_and_of_one_of_our_rows():
    rows = (*TABLE_1, *TABLE_2, *POSTER)
    assert all(set(row.bleu) <= set(DATASETS) for row in rows)
    assert all(row.system and row.decoding for row in rows)
    assert len({(row.system, row.decoding) for row in TABLE_1}) == len(TABLE_1)
