"""When refinement of one sentence stops (dl4mt-nonauto decode.py, utils.py), in plain Python."""

from collections import Counter


def jaccard_index(first, second):
    """|A and B| / |A or B| of two multisets."""
    first, second = Counter(first), Counter(second)
    return sum((first & second).values()) / max(sum((first | second).values()), 1)


def same(rule, first, later):
    """Whether a rule takes two outputs for one."""
    return first == later if rule == "equality" else jaccard_index(first, later) >= 1.0


def last_pass(rule, outputs, window=5):
    """How many passes are done of `outputs`, one list a pass, which are the most there may be."""
    for done in range(window, len(outputs) + 1):
        first, *later = outputs[done - window : done]
        if any(same(rule, first, output) for output in later):
            return done
    return len(outputs)
