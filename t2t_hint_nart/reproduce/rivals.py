"""Every system of the paper's Table 1 on one corpus, at one size, under one teacher."""

import dataclasses

from t2t_hint_nart.registry import register_recipe
from t2t_hint_nart.reproduce.recipe import Decoding, Recipe, System
from t2t_hint_nart.reproduce.recipes import multi30k

# One word after the other; they learn the text as it is, as the teacher does.
_STEPWISE = (
    System(
        "lstm",
        "lstm_seq2seq_attention_bidirectional_encoder",
        "lstm_attention_multi30k",
        2500,
        250,
        label="LSTM",
    ),
    System("conv_s2s", "conv_s2s", "conv_s2s_multi30k", 3500, 250, label="ConvS2S"),
)
# Of one pass or some; they learn what the teacher says, and start from its weights if not otherwise
# said.
_PARALLEL = (
    System(
        "fertility",
        "transformer_nat_fertility",
        "transformer_nat_fertility_multi30k",
        2500,
        250,
        label="FT, without fine-tuning",
    ),
    System(
        "fertility_tuned",
        "transformer_nat_fertility",
        "transformer_nat_fertility_tuned_multi30k",
        300,
        60,
        asks="teacher",
        warm_start_from="fertility",
        label="FT",
    ),
    System(
        "refinement",
        "transformer_nat_refinement",
        "transformer_nat_refinement_multi30k",
        2500,
        250,
        label="IR",
    ),
    System("latent", "transformer_ae", "transformer_ae_multi30k", 2500, 250, label="LT"),
)
_SAMPLING = ("fertility", "fertility_tuned", "latent")
_ITERATIONS = (1, 2, 5, 10)
# Repetitions are merged, as the authors of refinement do.
_REFINED = "dedup=True"


@register_recipe
def table1_multi30k() -> Recipe:
    """The paper's Table 1 on captions of Multi30k, at a size for two cores."""
    recipe = multi30k()
    teacher, *students = (
        recipe.system(name) for name in ("teacher", "student_nll", "student_align_hid")
    )
    rivals = [
        dataclasses.replace(
            system, distilled=True, warm_start_from=system.warm_start_from or teacher.name
        )
        for system in _PARALLEL
    ]
    stepwise = (teacher.name, *(system.name for system in _STEPWISE))
    ours = tuple(system.name for system in students)
    # Their exports search with a beam, beside which they have a greedy search.
    shared = (recipe.decoding(name) for name in ("beam4", "greedy"))
    return dataclasses.replace(
        recipe,
        name="table1_multi30k",
        doc="Table 1's systems on 29,000 captions of Multi30k, a night on 2 cores",
        systems=(teacher, *_STEPWISE, *rivals, *students),
        decodings=(
            *(dataclasses.replace(decoding, systems=stepwise) for decoding in shared),
            Decoding("one_pass", systems=(*_SAMPLING, *ours), label="one pass"),
            *_refinements(),
            *(
                Decoding(
                    f"rescored_{count}",
                    f"num_candidates={count}",
                    scorer=teacher.name,
                    systems=_SAMPLING,
                    label=f"{count} candidates rescored",
                )
                for count in (10, 100)
            ),
            dataclasses.replace(
                recipe.decoding("rescored_9_alpha0"), name="rescored_9", systems=ours
            ),
        ),
    )


def _refinements() -> list[Decoding]:
    """Until what is said stays the same, and by so many iterations."""
    systems = ("refinement",)
    return [
        Decoding("adaptive", _REFINED, systems=systems, label="adaptive"),
        *(
            Decoding(
                f"iterations_{count}",
                f"{_REFINED},convergence=none,iterations={count}",
                systems=systems,
                label="1 iteration" if count == 1 else f"{count} iterations",
                own_export=True,
            )
            for count in _ITERATIONS
        ),
    ]
