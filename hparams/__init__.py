"""The registered hyperparameter sets: data, without TensorFlow.

A name without a suffix holds the values of tensor2tensor 1.2.9, the version the paper used;
`transformer_base_v3` and `*_t2t115` hold those of its last version, 1.15.
"""

from t2t_hint_nart.hparams import (  # noqa: F401
    basic,
    conv_s2s,
    lstm,
    recurrent,
    transformer,
    transformer_ablation,
    transformer_ae,
    transformer_corpora,
    transformer_nat,
    transformer_nat_fertility,
    transformer_nat_refinement,
    transformer_t2t115,
    transformer_t2t129,
)
