"""Drafts verified by the teacher (Stern et al., NeurIPS 2018; Xia et al., Findings of EMNLP 2023).

The teacher reads what there is and a draft of what follows, in one pass: it then knows its choice,
the most probable id, after each id of the draft. Ids of the draft are accepted as long as they are
the teacher's choice; after them stands the teacher's own next choice, from the same pass. This is
repeated until EOS or the limit, so the output is that of greedy search whatever the draft says, and
every pass adds at least one id.

`next_logits(prefix)` gives float[V] after a tuple of ids; `drafter(prefix)` the ids drafted after
it, maybe none. Of equal logits the lowest id is chosen.
"""

import numpy as np


def choice(logits):
    """The most probable id, the lowest of equal ones."""
    return int(np.argmax(logits))


def greedy(next_logits, max_steps, eos_id=1):
    """The teacher's choice at every step: tuple of ids up to EOS or `max_steps`."""
    ids = ()
    while len(ids) < max_steps and eos_id not in ids:
        ids = (*ids, choice(next_logits(ids)))
    return ids


def whole_draft(draft):
    """Drafter of a student's one output: after t ids, its ids from t on."""
    return lambda prefix: tuple(draft[len(prefix) :])


def first_draft(draft):
    """Drafter that has nothing more to say after the first pass."""
    return lambda prefix: () if prefix else tuple(draft)


def up_to_end(draft, eos_id):
    """The draft without what follows its first EOS."""
    return draft[: draft.index(eos_id) + 1] if eos_id in draft else draft


def verified(next_logits, drafter, max_steps, eos_id=1):
    """(ids, accepted, passes): the output, how many of its ids were drafted, the teacher's passes.

    A draft is cut after its EOS, and at `max_steps` in all.
    """
    ids, accepted, passes = (), 0, 0
    while len(ids) < max_steps and eos_id not in ids:
        draft = up_to_end(tuple(drafter(ids)), eos_id)[: max_steps - len(ids)]
        choices = [choice(next_logits(ids + draft[:t])) for t in range(len(draft) + 1)]
        passes += 1
        agreed = 0
        while agreed < len(draft) and draft[agreed] == choices[agreed]:
            agreed += 1
        accepted += agreed
        ids = ids + draft[:agreed]
        if eos_id not in ids and len(ids) < max_steps:
            ids = (*ids, choices[agreed])
    return ids, accepted, passes
