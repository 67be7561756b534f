"""What kind of symbols a side of a problem is made of; the encoder embeds the target's kind."""


class SpaceID:
    """Tensor2tensor's numbers for symbol spaces (rows of the target space embedding)."""

    GENERIC = 0
    EN_CHR = 2
    EN_TOK = 3
    EN_BPE = 4
    FR_CHR = 5
    FR_TOK = 6
    DE_CHR = 7
    DE_TOK = 8
    DE_BPE = 9
    DIGIT_0 = 10
    DIGIT_1 = 11
