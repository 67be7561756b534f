"""Decoding: searches, passes and how they compose. Importing this package loads no TensorFlow."""

from t2t_hint_nart import registry

# Signatures of exports that strategies add.
GREEDY = "greedy"  # a beam's: inputs int[B,S] -> outputs int[B,L], scores float[B]
# Of one pass, and of samples: inputs, halfwidth or count int[] -> outputs int[B,C,L], log_prob.
CANDIDATES = "candidates"

registry.register_lazy_strategy(
    "beam",
    "t2t_hint_nart.decoding.beam:Beam",
    "Beam search over a stepwise model, T2T's; greedy with a beam of 1.",
)
registry.register_lazy_strategy(
    "greedy",
    "t2t_hint_nart.decoding.beam:Greedy",
    "The most probable token at every step of a stepwise model.",
)
registry.register_lazy_strategy(
    "one_pass",
    "t2t_hint_nart.decoding.parallel:OnePass",
    "All positions at once, for lengths around that of the source (paper section 3.2).",
)
registry.register_lazy_strategy(
    "collapsed",
    "t2t_hint_nart.decoding.collapsed:Collapsed",
    "One pass over several positions a source token; repetitions and blanks are left out.",
)
registry.register_lazy_strategy(
    "refinement",
    "t2t_hint_nart.decoding.parallel:Refinement",
    "One pass over a length, and more passes over what came out until it stays the same.",
)
registry.register_lazy_strategy(
    "iterative_refinement",
    "t2t_hint_nart.decoding.iterative_refinement:IterativeRefinement",
    "A predicted length, and passes over tokens and states until they converge (Lee et al. 2018).",
)
registry.register_lazy_strategy(
    "fertilities",
    "t2t_hint_nart.decoding.fertilities:Fertilities",
    "One pass whose length is a sum of fertilities; samples of them for a teacher to rank.",
)
registry.register_lazy_strategy(
    "latent",
    "t2t_hint_nart.decoding.latent:Latent",
    "Discrete latents one by one, then all tokens at once; samples of latents as candidates.",
)
