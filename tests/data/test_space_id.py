"""T2T's numbers: a ported problem names them, and imported checkpoints embed them by row."""

from t2t_hint_nart.data.space_id import SpaceID

# SpaceID of tensor2tensor 1.2.9 and 1.15.7, in its order: each name's place is its number.
NAMES = """
    GENERIC IMAGE_LABEL EN_CHR EN_TOK EN_BPE_TOK FR_CHR FR_TOK DE_CHR DE_TOK DE_BPE_TOK DIGIT_0
    DIGIT_1 AUDIO_WAV AUDIO_SPECTRAL PARSE_CHR PARSE_TOK ZH_TOK ICE_CHAR ICE_TOK ICE_PARSE_TOK
    MK_TOK CS_TOK CS_CHR DNA REAL IMAGE PEPTIDE PY_TOK CPP_TOK STROKES PICKLED_PYTHON
""".split()


def test_names_and_numbers():
    ours = {name: value for name, value in vars(SpaceID).items() if not name.startswith("_")}
    assert ours == {name: number for number, name in enumerate(NAMES)}
