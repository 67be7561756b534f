"""The one-pass Transformer with more positions than tokens: its length needs no prediction."""

from keras import ops

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.models.network import Canvas
from t2t_hint_nart.models.transformer_nat import TransformerNat


class TransformerNatCtc(TransformerNat):
    """A student whose decoder has `upsampling` positions for each source token (EOS is one).

    Each says a token or nothing (losses.lattice); otherwise as `TransformerNat` (Libovický and
    Helcl 2018, with the decoder of Gu and Kong 2021).

    Args:
        hparams: a transformer_nat_ctc set.
        vocab_size: V; id 0, PAD, is the blank.
        source_vocab_size: of the source; V when None.
        target_space_id: T2T's space id of the target language.
    """

    def __init__(self, hparams: HParams, vocab_size: int, **kwargs):
        super().__init__(hparams, vocab_size, **kwargs)
        self.upsampling = hparams.upsampling

    def empty_canvas(self, inputs, targets) -> Canvas:
        """As many positions as the source asks for, whatever the target's length."""
        del targets
        return Canvas(ops.repeat(ops.not_equal(inputs, 0), self.upsampling, axis=1))
