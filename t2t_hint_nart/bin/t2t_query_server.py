"""Ask an exported model for translations: typed ones, or one given by --inputs_once.

Examples:
  t2t-query-server --export_dir=runs/quickstart/export/student_nll --inputs_once='Guten Morgen!'
  t2t-query-server --export_dir=runs/quickstart/export/student_nll
"""

import sys

from absl import flags

from t2t_hint_nart.bin import command_line
from t2t_hint_nart.bin.required import require


def define_flags(values: flags.FlagValues) -> None:
    """Define the export and what to ask."""
    flags.DEFINE_string(
        "export_dir", None, "SavedModel written by t2t-exporter.", flag_values=values
    )
    flags.DEFINE_string("inputs_once", None, "Translate this text and exit.", flag_values=values)


def _main(values: flags.FlagValues) -> None:
    require(values, "export_dir")
    from t2t_hint_nart.exports.exported_model import ExportedModel

    exported = ExportedModel(values.export_dir)
    if values.inputs_once is not None:
        print(exported.translate([values.inputs_once])[0])
        return
    print("Type a sentence and Enter; q to quit.", file=sys.stderr)
    while True:
        try:
            line = input(">> ").strip()
        except EOFError:
            return
        if line == "q":
            return
        if line:
            print(exported.translate([line])[0], flush=True)


def main() -> None:
    """Run the command."""
    command_line.run(_main, "t2t-query-server", define_flags)
