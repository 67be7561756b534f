r"""Build a vocabulary without shards: a problem's, or one of any text.

--problem writes the problem's vocabulary to --data_dir, as t2t-datagen does before its shards.
--corpus_filepattern builds a subword vocabulary of text files, --vocab_filepattern one of lines
token,count; it goes to --output_filename. What is there already is left alone; a
problem's vocabulary that was made of other text is refused.

Examples:
  t2t-build-vocab --problem=translate_deen_quickstart --data_dir=data --tmp_dir=downloads
  t2t-build-vocab --corpus_filepattern='text/*.de' --corpus_max_lines=0 --min_count=20 \
    --output_filename=vocab.de.subwords
"""

import sys
from pathlib import Path

from absl import flags

from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.shared_flags import (
    TMP_DIR,
    define_usr_dir_flag,
    made_tmp_dir,
    unmade_tmp_dir,
)
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.directory_lock import directory_lock
from t2t_hint_nart.files.whole_file import check_directory, check_writable

_SOURCES = ("problem", "corpus_filepattern", "vocab_filepattern")


# The flags of T2T's build_vocab.py and text_encoder_build_subword.py.
define_flags = flag.group(
    data_dir=flag.path("/tmp/t2t/data_dir", "Where a problem's vocabulary goes."),
    tmp_dir=TMP_DIR,
    problem=flag.string(None, "Name of the problem."),
    problems=flag.alias("problem"),
    output_filename=flag.path("/tmp/my.subword_text_encoder", "Where another vocabulary goes."),
    corpus_filepattern=flag.path("", "Text files, as text/*.de."),
    vocab_filepattern=flag.path("", "Files of lines token,count."),
    min_count=flag.count(5, "Fewest occurrences of a subtoken."),
    corpus_max_lines=flag.count(10000, "Lines to read of all files, 0 for all.", least=0),
    num_iterations=flag.count(4, "Rounds of refinement."),
    split_on_newlines=flag.boolean(True, "Whether a line is a text, else a file is."),
)


def _main(values: flags.FlagValues) -> None:
    given = [name for name in _SOURCES if values[name].value]
    if len(given) != 1:
        raise InputError(f"Give one of {', '.join(f'--{name}' for name in _SOURCES)}. See --help.")
    if values.problem:
        _vocabulary_of_problem(values)
    else:
        _vocabulary_of_text(values)


def _vocabulary_of_problem(values: flags.FlagValues) -> None:
    from t2t_hint_nart import registry
    from t2t_hint_nart.data.text_problem import Text2TextProblem
    from t2t_hint_nart.data.workspace import seed_generators

    problem = registry.problem(registry.parse_problem_name(values.problem).base)
    if not isinstance(problem, Text2TextProblem):
        raise InputError(f"--problem={values.problem} isn't a Text2TextProblem.")
    problem.check_unread_properties()
    problem.progress = lambda line: print(f"{problem.name}: {line}", file=sys.stderr, flush=True)
    check_directory(values.data_dir, unmade_tmp_dir(values))
    with directory_lock(values.data_dir):
        tmp_dir = made_tmp_dir(values)
        Path(tmp_dir).mkdir(parents=True, exist_ok=True)
        # As datagen, for the same text: a user's own problem may draw from these.
        seed_generators(problem.random_seed)
        problem.check_vocab(values.data_dir)
        problem.check_vocab_text(values.data_dir, tmp_dir)
        encoder = problem.get_or_create_vocab(values.data_dir, tmp_dir)
    print(f"{problem.name}: vocabulary of {encoder.vocab_size} in {values.data_dir}")


def _vocabulary_of_text(values: flags.FlagValues) -> None:
    target = Path(values.output_filename)
    check_writable(target)
    if target.exists():
        raise InputError(f"--output_filename {target} exists; give another.")
    with directory_lock(target.parent, target.name):
        _build_vocabulary(values, target)


def _build_vocabulary(values: flags.FlagValues, target: Path) -> None:
    from t2t_hint_nart.text.subword import SubwordTextEncoder
    from t2t_hint_nart.text.tokenizer import corpus_token_counts, listed_token_counts

    lines = values.corpus_max_lines
    counts: dict[str, int]
    if values.corpus_filepattern:
        counts = corpus_token_counts(values.corpus_filepattern, lines, values.split_on_newlines)
    else:
        counts = listed_token_counts(values.vocab_filepattern, lines)
    encoder = SubwordTextEncoder.build_from_token_counts(
        counts, values.min_count, values.num_iterations
    )
    encoder.store(target)
    print(f"{encoder.vocab_size} subtokens written to {target}")


main = command_line.command(_main, "t2t-build-vocab", define_usr_dir_flag, define_flags)
