r"""Show what a model does with a sentence: attention of every layer and head, cosines of states.

Translates --sentence and writes to --visualization_dir: index.html, one page that needs nothing
else, to look into every layer and head; the same as PNG files; the numbers as attention.csv and
cosine.csv. The model is an export (--export_dir) or a checkpoint, of any model with the probes for
it. Attention is that from the translation to the source; of a checkpoint also the self-attention
that the model has: the encoder's, the decoder's, a student's positional one.

Examples:
  t2t-visualize --export_dir=runs/quickstart/export/teacher --data_dir=runs/quickstart/data \
    --sentence='Guten Morgen!' --visualization_dir=runs/guten_morgen
  t2t-visualize --problem=translate_deen_quickstart --data_dir=data --output_dir=runs/student \
    --model=transformer_nat --hparams_set=transformer_nat_quickstart_hints \
    --sentence='Guten Morgen!' --visualization_dir=runs/guten_morgen_student
"""

from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.flag import require
from t2t_hint_nart.bin.named_model import named_model, to_stderr
from t2t_hint_nart.bin.shared_flags import MODEL_FLAGS
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.directory_lock import directory_lock
from t2t_hint_nart.files.whole_file import check_directory
from t2t_hint_nart.text.escape import replace_surrogates
from t2t_hint_nart.text.lines import printable, sentence

if TYPE_CHECKING:
    from t2t_hint_nart.data.problem import TextEncoder
    from t2t_hint_nart.inspection.generated import Inside

PAGE = "index.html"


# What is shown and where it goes.
define_flags = flag.group(
    sentence=flag.string(None, "The source sentence."),
    visualization_dir=flag.path(None, "Where page, pictures and numbers go."),
    export_dir=flag.path(
        None, "SavedModel written by t2t-exporter; in place of model, set and checkpoint."
    ),
)


def _main(values: flags.FlagValues) -> None:
    require(values, "sentence", "visualization_dir", "data_dir")
    directory = Path(values.visualization_dir)
    check_directory(directory)
    text = sentence(replace_surrogates(values.sentence))
    if not text:
        raise InputError("--sentence has no word.")
    if (directory / PAGE).exists():
        raise InputError(f"{directory / PAGE} exists; give another --visualization_dir.")
    inside, encoders = _exported(values) if values.export_dir else _trained(values)

    from t2t_hint_nart.inspection.sentence_page import write_page
    from t2t_hint_nart.inspection.sentence_view import draw, look, write_csv

    shown = look(inside, encoders, text)
    with directory_lock(directory):
        write_csv(shown, directory)
        draw(shown, directory)
        # Last: where there is a page, everything is there.
        write_page(shown, directory / PAGE)
    print(printable(shown.inputs), printable(shown.outputs), sep="\n")
    print(f"Open {directory / PAGE} in a browser.")


def _exported(values: flags.FlagValues) -> "tuple[Inside, dict[str, TextEncoder]]":
    from t2t_hint_nart import registry
    from t2t_hint_nart.data.problem_identity import identity_of
    from t2t_hint_nart.exports.metadata import read_metadata

    problem = registry.problem(values.problem or read_metadata(values.export_dir).problem)
    encoders = problem.get_feature_encoders(values.data_dir)

    from t2t_hint_nart.exports.capabilities import HintGiver
    from t2t_hint_nart.inspection.generated import inside_export

    giver = HintGiver(values.export_dir)
    warning = giver.check_fits(identity_of(problem, encoders))
    if warning:
        to_stderr(warning)
    return inside_export(giver.export), encoders


def _trained(values: flags.FlagValues) -> "tuple[Inside, dict[str, TextEncoder]]":
    named = named_model(values, "export_dir")
    from t2t_hint_nart import registry
    from t2t_hint_nart.decoding.decode_hparams import decode_hparams

    settings = decode_hparams(values.decode_hparams, registry.strategy_of(named.name))

    from t2t_hint_nart.inspection.generated import inside_network, model_name

    trained = named.load()
    name = model_name(named.name, named.problem.name, trained.step)
    return inside_network(trained.model, trained.strategy(settings), name), trained.encoders


main = command_line.command(_main, "t2t-visualize", *MODEL_FLAGS, define_flags)
