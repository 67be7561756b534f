"""The registered models. Importing this package imports neither TensorFlow nor Keras.

Where no strategy is named, it is beam search; where no criterion is, the likelihood.
"""

from t2t_hint_nart import registry

registry.register_lazy_model(
    "transformer",
    "t2t_hint_nart.models.transformer:Transformer",
    "Autoregressive Transformer, the teacher (T2T models/transformer.py).",
)
registry.register_lazy_model(
    "transformer_nat",
    "t2t_hint_nart.models.transformer_nat:TransformerNat",
    "One-pass Transformer, the student (paper section 2); not T2T 1.15's latent NAT of that name.",
    strategy="one_pass",
)
registry.register_lazy_model(
    "transformer_nat_ctc",
    "t2t_hint_nart.models.transformer_nat_ctc:TransformerNatCtc",
    "One-pass Transformer of several positions a source token, which says a token or nothing.",
    strategy="collapsed",
    criterion="ctc",
)
registry.register_lazy_model(
    "transformer_nat_refinement",
    "t2t_hint_nart.models.transformer_nat_refinement:TransformerNatRefinement",
    "Two one-pass decoders, the second of which refines what was said (Lee et al. 2018).",
    strategy="iterative_refinement",
)
registry.register_lazy_model(
    "conv_s2s",
    "t2t_hint_nart.models.conv_s2s:ConvS2S",
    "Convolutional sequence to sequence with attention in every layer (Gehring et al. 2017).",
)
registry.register_lazy_model(
    "transformer_nat_fertility",
    "t2t_hint_nart.models.transformer_nat_fertility:TransformerNatFertility",
    "One-pass Transformer that reads each source token as often as its fertility (Gu et al. 2018).",
    strategy="fertilities",
)
registry.register_lazy_model(
    "transformer_ae",
    "t2t_hint_nart.models.transformer_ae:TransformerAe",
    "Latent Transformer: discrete latents one by one, then all tokens (T2T 1.15, not 1.2.9's).",
    strategy="latent",
)
registry.register_lazy_model(
    "lstm_seq2seq",
    "t2t_hint_nart.models.recurrent:LSTMSeq2Seq",
    "Two LSTM stacks, the first reads the source backwards (T2T models/lstm.py).",
)
registry.register_lazy_model(
    "lstm_seq2seq_attention",
    "t2t_hint_nart.models.recurrent:LSTMSeq2SeqAttention",
    "lstm_seq2seq with attention around the decoder (T2T).",
)
registry.register_lazy_model(
    "lstm_seq2seq_bidirectional_encoder",
    "t2t_hint_nart.models.recurrent:LSTMSeq2SeqBidirectionalEncoder",
    "lstm_seq2seq with an encoder of both directions (T2T 1.15).",
)
registry.register_lazy_model(
    "lstm_seq2seq_attention_bidirectional_encoder",
    "t2t_hint_nart.models.recurrent:LSTMSeq2SeqAttentionBidirectionalEncoder",
    "lstm_seq2seq with an encoder of both directions and attention (T2T 1.15).",
)
registry.register_lazy_model(
    "gnmt",
    "t2t_hint_nart.models.recurrent:Gnmt",
    "Deep LSTMs with residual connections, asked by the lowest (Wu et al. 2016).",
)
registry.register_lazy_model(
    "rnnsearch",
    "t2t_hint_nart.models.recurrent:Gnmt",
    "Gated recurrent units of one layer with attention (Bahdanau et al. 2015).",
)
