"""Distilled problems: the teacher's targets in training, the base problem's everything else."""

import json

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.data.distill_problem import DistillProblem
from t2t_hint_nart.data.problem import Problem
from t2t_hint_nart.data.shards import read_shard
from t2t_hint_nart.errors import InputError
from tests.data.lines_problem import PAIRS, LinesProblem


@pytest.fixture
def data_dir(tmp_path):
    LinesProblem().generate_data(tmp_path, tmp_path)
    return tmp_path


def write_decodes(problem, data_dir, decodes):
    encoder = problem.feature_encoders(data_dir)["targets"]
    pairs = [([*encoder.encode(source), 1], encoder.encode(target)) for source, target in decodes]
    return problem.write_training_shards(data_dir, pairs, {"teacher": "abc", "beam_size": 4})


DECODES = [("der Hund schläft .", "a dog sleeps ."), ("die Katze bellt nicht .", "a cat .")]
REVERSED_DECODES = [("the dog sleeps .", "ein Hund schläft .")]


def test_training_targets_are_the_teachers(data_dir):
    problem = DistillProblem(LinesProblem())
    assert problem.name == "lines_problem_distill"
    assert write_decodes(problem, data_dir, DECODES) == 2
    assert sorted(problem.text_pairs(data_dir, "train")) == sorted(DECODES)
    assert problem.text_pairs(data_dir, "dev") == PAIRS["dev"]
    assert problem.text_pairs(data_dir, "test") == PAIRS["test"]
    assert sorted(LinesProblem().text_pairs(data_dir, "train")) == sorted(PAIRS["train"])
    assert problem.shard_files(data_dir, "train")[0].endswith(
        "lines_problem_distill-train-00000-of-00002"
    )
    assert problem.vocab_filename == LinesProblem().vocab_filename
    assert problem.filepattern("d", "dev") == "d/lines_problem-dev*"
    assert problem.filepattern("d", "train") == "d/lines_problem_distill-train*"


def test_reversed_base(data_dir):
    problem = DistillProblem(LinesProblem(was_reversed=True))
    write_decodes(problem, data_dir, REVERSED_DECODES)
    assert problem.name == "lines_problem_rev_distill"
    assert problem.text_pairs(data_dir, "train") == REVERSED_DECODES
    assert problem.text_pairs(data_dir, "test") == [("the cat sings .", "die Katze singt .")]


def test_provenance(data_dir):
    problem = DistillProblem(LinesProblem())
    write_decodes(problem, data_dir, DECODES)
    recorded = problem.provenance(data_dir)
    assert recorded == json.loads(
        (data_dir / "lines_problem_distill-provenance.json").read_text("utf-8")
    )
    encoder = LinesProblem().feature_encoders(data_dir)["targets"]
    assert recorded["teacher"] == "abc" and recorded["beam_size"] == 4
    assert recorded["base_problem"] == "lines_problem"
    assert recorded["pairs"] == 2
    assert recorded["target_tokens"] == sum(len(encoder.encode(t)) + 1 for _, t in DECODES)
    assert recorded["date"].endswith("+00:00")


def test_missing_data_name_the_command(tmp_path):
    problem = DistillProblem(LinesProblem(was_reversed=True))
    command = "t2t-distill --problem=lines_problem_rev --data_dir="
    for attempt in (
        lambda: problem.shard_files(tmp_path, "train"),
        lambda: problem.provenance(tmp_path),
        lambda: problem.generate_data(tmp_path, tmp_path),
    ):
        with pytest.raises(InputError, match=command):
            attempt()
    with pytest.raises(InputError, match="t2t-datagen --problem=lines_problem "):
        problem.shard_files(tmp_path, "dev")


def test_generating_what_is_there_does_nothing(data_dir):
    problem = DistillProblem(LinesProblem())
    assert not problem.is_generated(data_dir, data_dir)
    write_decodes(problem, data_dir, DECODES)
    assert problem.is_generated(data_dir, data_dir)
    problem.generate_data(data_dir, data_dir)
    assert sorted(problem.text_pairs(data_dir, "train")) == sorted(DECODES)


def test_what_was_there_is_gone_before_anything_is_written(data_dir):
    problem = DistillProblem(LinesProblem())
    write_decodes(problem, data_dir, DECODES)

    def interrupted():
        yield [5, 1], [6, 1]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        problem.write_training_shards(data_dir, interrupted(), {}, num_shards=1)
    assert not problem.is_generated(data_dir, data_dir)
    assert not problem.provenance_path(data_dir).exists()


def test_shards_are_written_in_turn_and_shuffled_by_the_seed(data_dir):
    def shards(seed):
        problem = DistillProblem(LinesProblem())
        problem.random_seed = seed
        pairs = [([number + 2, 1], [number + 3]) for number in range(40)]
        assert problem.write_training_shards(data_dir, pairs, {}, num_shards=2) == 40
        assert not list(data_dir.glob("*unshuffled*"))
        return [
            [pair["inputs"][0] - 2 for pair in read_shard(path)]
            for path in problem.shard_files(data_dir, "train")
        ]

    first, second = shards(1)
    assert first != list(range(0, 40, 2))
    assert sorted(first) == list(range(0, 40, 2)) and sorted(second) == list(range(1, 40, 2))
    assert shards(1) == [first, second]
    assert shards(2) != [first, second]


def test_a_run_after_a_kill_begins_anew(data_dir):
    def killed():
        yield [7, 1], [8, 1]
        raise KeyboardInterrupt

    problem = DistillProblem(LinesProblem())
    with pytest.raises(KeyboardInterrupt):
        problem.write_training_shards(data_dir, killed(), {})
    assert write_decodes(problem, data_dir, DECODES) == 2
    assert sorted(problem.text_pairs(data_dir, "train")) == sorted(DECODES)


def test_no_pair_at_all(data_dir):
    with pytest.raises(InputError, match=r"no sentence pair to write to .*distill-train-00000"):
        DistillProblem(LinesProblem()).write_training_shards(data_dir, [], {})


def test_without_a_provenance_it_is_not_finished(data_dir):
    problem = DistillProblem(LinesProblem())
    write_decodes(problem, data_dir, DECODES)
    problem.provenance_path(data_dir).unlink()
    assert not problem.is_generated(data_dir, data_dir)


def test_only_text_can_be_distilled():
    with pytest.raises(InputError, match="only text-to-text problems can be distilled"):
        DistillProblem(Problem())


def test_names_in_the_registry():
    problem = registry.problem("algorithmic_reverse_tiny_rev_distill")
    assert problem.name == "algorithmic_reverse_tiny_rev_distill"
    assert problem.base.was_reversed
    with pytest.raises(InputError, match=r"'algorithmic_reverse_tiny_rev_distill'$"):
        registry.problem("algorithmic_reverse_tiny_distill_rev")
    with pytest.raises(InputError, match="'algorithmic_revers_tiny' is not registered"):
        registry.problem("algorithmic_revers_tiny_distill")
