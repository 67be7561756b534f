"""Fast, one-pass machine translation: hint-based training of non-autoregressive Transformers."""

from pathlib import Path
from typing import TYPE_CHECKING

from t2t_hint_nart.process.startup_noise import silence_startup_noise

if TYPE_CHECKING:
    from t2t_hint_nart.serving.loaded_export import LoadedExport

__version__ = "0.1.0"

# Before TensorFlow is imported; that doesn't happen here.
silence_startup_noise()


def load(
    export_dir: str | Path,
    teacher_export_dir: str | Path | None = None,
    decode_hparams: str = "",
    device: str = "",
) -> "LoadedExport":
    """Open an export of any format to translate with: load once, translate many.

    TensorFlow is loaded for a SavedModel alone.

    Args:
        export_dir: written by t2t-exporter; the newest version in it.
        teacher_export_dir: of the teacher that ranks candidates or verifies drafts, which
            `decode_hparams` must ask for.
        decode_hparams: as in --decode_hparams: "length_halfwidth=4", "verified=True",
            "beam_size=1", "max_input_size=100" (which cuts longer sources), "batch_size=64".
        device: "cpu", "gpu" or "gpu:1"; by default that is the runtime's choice: of a SavedModel
            the first GPU if there is one, else a CPU.

    Returns:
        A `serving.loaded_export.LoadedExport`, with `translate` and `stream`; threads may share it.

    Raises:
        InputError: no export there, a damaged one, one whose runtime isn't installed, decode
            hparams that it can't have, a teacher that doesn't fit or has nothing to do, or no such
            device.

    Example:
        import t2t_hint_nart

        student = t2t_hint_nart.load("runs/quickstart/export/student_ctc_bigrams")
        print(student.translate("Guten Morgen!"))
    """
    from t2t_hint_nart.serving import loaded_export

    return loaded_export.load(export_dir, teacher_export_dir, decode_hparams, device)
