"""The parts of the benchmark that train, as `speed.parts`."""

from speed.batches import TOKENS
from speed.models import SIZES
from speed.training import HINTED, STUDENT, TEACHER
from speed.turns import ONE, Engine, LeftOutError, in_turns, running, statistics_of
from t2t_hint_nart.bin.kept_memory import KEPT

TORCH, JOEYNMT = "PyTorch twin", "JoeyNMT"
# Of a turn: a batch of each length.
STEPS = 3
MEMORY_SIZE, MEMORY_STEPS, MEMORY_EVERY = "tiny", 10_000, 500


def training(run, size):
    """Steps of 2,048 tokens, padding among them, at one thread, with malloc's settings for all."""
    ours = [_ours(run, kind, size) for kind in (TEACHER, STUDENT, HINTED)]
    engines = run.wanted(ours + _peers(run, size))
    rows = []

    def start(group):
        python = {"python": run.peer_python} if group[0].name in (TORCH, JOEYNMT) else {}
        return run.process(group, environment=KEPT, **python)

    with running(engines, start, run.say) as processes:
        cases = {"steps": {"steps": STEPS}}
        measured = in_turns(processes, cases, run.rounds, run.say, turn_ms=0)
        for (name, _), times in measured.items():
            facts = statistics_of(times)
            row = {"size": size, "engine": name, "threads": ONE, "steps": STEPS, **facts}
            row["tokens_per_cpu_second"] = round(1000 * STEPS * TOKENS / facts["cpu_ms"])
            row["tokens_per_second"] = round(1000 * STEPS * TOKENS / facts["wall_ms"])
            rows.append(row | {"peak_mib": processes[name].peak_mib})
    return rows + _versions_of_peers(run, size)


def memory(run, size):
    """Resident memory over 10,000 hinted steps of a tiny model, in batches of three shapes."""
    steps = 60 if run.quick else MEMORY_STEPS
    every = min(MEMORY_EVERY, steps // 4)
    rows = []
    with run.process([_ours(run, HINTED, size)], environment=KEPT) as process:
        for done in range(every, steps + 1, every):
            told = process.ask(HINTED, {"steps": every})
            row = {"size": size, "engine": HINTED, "steps": done}
            rows.append(row | {"resident_mib": told["resident_mib"]})
            run.say(f"memory: {done} of {steps} steps, {told['resident_mib']} MiB")
    return rows


def _ours(run, kind, size):
    given = {"kind": kind, "size": size, "vocab_size": run.vocab_size}
    if kind == HINTED:
        given["teacher_dir"] = str(run.folder(size) / "teacher" / "saved_model")
        run.export(size, [given["teacher_dir"]])
    # Each its own process: what one leaves to malloc doesn't serve another.
    return Engine(kind, "speed.training:learner", given, "" if run.quick else kind)


def _peers(run, size):
    from t2t_hint_nart import registry
    from t2t_hint_nart.output_dir import create_hparams

    registry.load_plugins()
    teacher_set, _, overrides = SIZES[size]
    hparams = create_hparams(teacher_set, overrides).values()
    given = {"hparams": hparams, "vocab_size": run.vocab_size, "threads": 1}
    makes = {TORCH: "speed.torch_twin:learner", JOEYNMT: "speed.joeynmt_peer:learner"}
    return [Engine(name, make, given, name) for name, make in makes.items()]


def _versions_of_peers(run, size):
    try:
        versions = run.once("speed.machine:peers", {}, python=run.peer_python)
    except (LeftOutError, OSError):
        return []
    return [{"size": size, "engine": "versions", **versions}]
