"""The hyperparameters that a tensor2tensor checkpoint was trained with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.interchange.named_checkpoint import T2TCheckpoint
from t2t_hint_nart.output_dir import HPARAMS_FILE, create_hparams, stored_hparams

# Of T2T 1.15, unknown to this library's sets: other values change what the network computes, but
# neither name nor shape of a variable.
_UNSEEN: dict[str, Any] = {
    "causal_decoder_self_attention": True,
    "unidirectional_encoder": False,
    "hard_attention_k": 0,
    "num_area_layers": 0,
}


def imported_hparams(
    checkpoint: T2TCheckpoint,
    set_name: str,
    overrides: str = "",
    say: Callable[[str], None] = print,
) -> HParams:
    """Put together: set → hparams.json beside the checkpoint → overrides → the layout's attention.

    Args:
        checkpoint: of T2T.
        set_name: a registered set.
        overrides: as in --hparams.
        say: told of every value that isn't the set's.

    Raises:
        InputError: unknown or refused values, or a network that isn't implemented.
    """
    directory = Path(checkpoint.path).parent
    stored = stored_hparams(directory) or {}
    for name, value in _UNSEEN.items():
        if stored.get(name, value) != value:
            raise InputError(
                f"{directory / HPARAMS_FILE}: {name} = {stored[name]!r} isn't implemented, only "
                f"{value!r}."
            )
    hparams = create_hparams(set_name, overrides, directory, say)
    projection = checkpoint.layout.attention_projection
    if hparams.attention_projection != projection:
        say(
            f"attention_projection = {projection!r}, as in tensor2tensor "
            f"{checkpoint.layout.version} (set {set_name}: {hparams.attention_projection!r})"
        )
        hparams.attention_projection = projection
    return hparams
