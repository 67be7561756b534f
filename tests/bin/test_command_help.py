from absl import flags

from t2t_hint_nart.bin.command_help import help_text


def test_flags_are_sorted_with_defaults_and_wrapped():
    values = flags.FlagValues()
    flags.DEFINE_bool("verbose", False, "Say more.", flag_values=values)
    flags.DEFINE_bool("sort", True, "Sort.", flag_values=values)
    flags.DEFINE_float("alpha", 0.6, "Length penalty. " * 10, flag_values=values)
    flags.DEFINE_string("name", None, "Name.", flag_values=values)
    text = help_text("t2t-x", "What it does.\n\n    Example:\n      t2t-x\n    ", values)
    lines = text.splitlines()
    assert lines[:5] == ["usage: t2t-x [--flag=value ...]", "", "What it does.", "", "Example:"]
    assert [line for line in lines if line.startswith("  --")] == [
        "  --alpha=0.6",
        "  --name=",
        "  --[no]sort  (on by default)",
        "  --[no]verbose",
    ]
    assert max(map(len, lines)) <= 88


def test_a_command_without_flags():
    assert help_text("t2t-x", "Does.", flags.FlagValues()) == (
        "usage: t2t-x [--flag=value ...]\n\nDoes."
    )
