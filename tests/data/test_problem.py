"""Names, reading directions and paths of problems."""

import pytest

from t2t_hint_nart.data.problem import Problem, SpaceID
from t2t_hint_nart.errors import InputError
from tests.data.lines_problem import LinesProblem


class NamedProblem(Problem):
    registered_name = "my_name"


class DerivedFromNamed(NamedProblem):
    pass


def test_names():
    assert NamedProblem().name == "my_name"
    assert DerivedFromNamed().name == "derived_from_named"
    assert NamedProblem(was_reversed=True, was_copy=True).name == "my_name_rev_copy"
    assert NamedProblem(was_reversed=True).dataset_filename() == "my_name"


@pytest.mark.parametrize(
    ("was_reversed", "was_copy", "features"),
    [
        (False, False, ("inputs", "targets")),
        (True, False, ("targets", "inputs")),
        (False, True, ("inputs", "inputs")),
        (True, True, ("targets", "targets")),
    ],
)
def test_reading_directions(was_reversed, was_copy, features):
    assert Problem(was_reversed, was_copy).features("train") == features


class SpacedProblem(Problem):
    input_space_id = 8
    target_space_id = 3

    def feature_encoders(self, data_dir):
        return {"inputs": "german", "targets": "english"}


def test_encoders_and_spaces_as_read():
    assert SpacedProblem().space_ids == {"inputs": 8, "targets": 3}
    assert SpacedProblem(was_reversed=True).space_ids == {"inputs": 3, "targets": 8}
    assert SpacedProblem(was_reversed=True).get_feature_encoders("d") == {
        "inputs": "english",
        "targets": "german",
    }


def test_paths():
    problem = NamedProblem()
    assert problem.training_filepaths("d", 100, shuffled=True)[0] == (
        "d/my_name-train-00000-of-00100"
    )
    assert problem.dev_filepaths("d", 1, shuffled=False) == [
        "d/my_name-unshuffled-dev-00000-of-00001"
    ]
    assert problem.test_filepaths("d", 1, shuffled=True) == ["d/my_name-test-00000-of-00001"]
    assert problem.filepattern("d", "dev") == "d/my_name-dev*"


def test_missing_shards_name_the_command(tmp_path):
    folder = tmp_path / "my data"
    folder.mkdir()
    command = f"t2t-datagen --problem=my_name --data_dir='{folder}'$"
    with pytest.raises(InputError, match=command):
        NamedProblem(was_reversed=True).shard_files(folder, "train")


def test_unknown_split_lists_the_splits(tmp_path):
    with pytest.raises(InputError, match="has no split 'tset'; it has train, dev, test"):
        LinesProblem().shard_files(tmp_path, "tset")


# SpaceID of tensor2tensor 1.2.9 and 1.15.7, in its order: each name's place is its number.
NAMES = """
    GENERIC IMAGE_LABEL EN_CHR EN_TOK EN_BPE_TOK FR_CHR FR_TOK DE_CHR DE_TOK DE_BPE_TOK DIGIT_0
    DIGIT_1 AUDIO_WAV AUDIO_SPECTRAL PARSE_CHR PARSE_TOK ZH_TOK ICE_CHAR ICE_TOK ICE_PARSE_TOK
    MK_TOK CS_TOK CS_CHR DNA REAL IMAGE PEPTIDE PY_TOK CPP_TOK STROKES PICKLED_PYTHON
""".split()


def test_space_ids_are_t2ts():
    ours = {name: value for name, value in vars(SpaceID).items() if not name.startswith("_")}
    assert ours == {name: number for number, name in enumerate(NAMES)}
