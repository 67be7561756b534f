"""Ask an exported model for translations: of what is typed or piped, or of --inputs_once.

The model is read from --export_dir, or asked over the network: --server and --servable_name name a
model that TensorFlow Serving has, whose REST interface is used. Text is sent as it is, the
vocabulary is in the model: --problem and --data_dir, which T2T asks for, aren't needed.

Examples:
  t2t-query-server --export_dir=runs/quickstart/export/student_nll --inputs_once='Guten Morgen!'
  t2t-query-server --export_dir=runs/quickstart/export/student_nll
  t2t-query-server --server=localhost:8501 --servable_name=student --inputs_once='Guten Morgen!'
"""

import sys
from collections.abc import Callable, Iterator

from absl import flags

from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.command_line import somebody_types, typed_line
from t2t_hint_nart.bin.flag import require
from t2t_hint_nart.bin.shared_flags import define_thread_flags, define_usr_dir_flag
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.process.threads import one_thread_by_default
from t2t_hint_nart.serving.rest_client import NoServerError
from t2t_hint_nart.text.escape import replace_surrogates
from t2t_hint_nart.text.lines import LineNumbers, printable, sentence

_NO_CLOUD = "--server names a TensorFlow Serving"
Translate = Callable[[str], str]


# The model and what to ask.
define_flags = flag.group(
    export_dir=flag.path(None, "Export of any format, written by t2t-exporter."),
    server=flag.string(None, "host:port of t2t-serve, or of TensorFlow Serving's REST interface."),
    servable_name=flag.string(None, "Name of the served model."),
    timeout_secs=flag.count(10, "Longest time to wait for an answer."),
    inputs_once=flag.string(None, "Translate this text and exit."),
    problem=flag.string(None, "T2T's; accepted and not needed."),
    data_dir=flag.string(None, "T2T's; accepted and not needed."),
    cloud_mlengine_model_name=flag.refused(None, _NO_CLOUD),
    cloud_mlengine_model_version=flag.refused(None, _NO_CLOUD),
)


def _main(values: flags.FlagValues) -> None:
    if bool(values.export_dir) == bool(values.server):
        raise InputError("Give either --export_dir or --server with --servable_name.")
    translate = _remote(values) if values.server else _local(values)
    if values.inputs_once is not None:
        print(printable(translate(sentence(replace_surrogates(values.inputs_once)))))
        return
    _answer_lines(translate)


def _answer_lines(translate: Translate) -> None:
    """Answer line for line, as from file to file; one that is refused costs no other.

    Raises:
        InputError: no server is there; or, at the end of a pipe, lines were refused: names them.
    """
    typed, refused = somebody_types(), LineNumbers()
    if typed:
        print("Type a sentence and Enter; q to quit.", file=sys.stderr)
    for number, line in enumerate(_lines(), start=1):
        # In a pipe it is a line like others.
        if typed and line == "q":
            return
        answer = ""
        try:
            answer = translate(line) if line else ""
        except NoServerError:
            raise
        except InputError as error:
            refused.add(number)
            place = "" if typed else f"line {number}: "
            print(printable(f"{place}{error}"), file=sys.stderr, flush=True)
        if line or not typed:
            print(printable(answer), flush=True)
    if refused and not typed:
        raise InputError(f"Not translated: {refused}.")


def _lines() -> Iterator[str]:
    while True:
        try:
            yield sentence(typed_line(">> "))
        except EOFError:
            return


def _local(values: flags.FlagValues) -> Translate:
    from t2t_hint_nart.exports.runtime import open_export

    one_thread_by_default()
    exported = open_export(values.export_dir)
    return lambda line: exported.translate([line])[0]


def _remote(values: flags.FlagValues) -> Translate:
    require(values, "servable_name")
    from t2t_hint_nart.serving.rest_client import RestClient

    return RestClient(values.server, values.servable_name, values.timeout_secs).translate


main = command_line.command(
    _main, "t2t-query-server", define_usr_dir_flag, define_flags, define_thread_flags
)
