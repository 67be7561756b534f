"""The parts a problem's data comes in."""


class DatasetSplit:
    """Names of the parts, as they appear in the names of the shards.

    Plain strings under tensor2tensor's attribute names; EVAL is the development set.
    """

    TRAIN = "train"
    EVAL = "dev"
    TEST = "test"

    ALL = (TRAIN, EVAL, TEST)
