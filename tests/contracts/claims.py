"""Every number in a sentence about results, in README.md and REPRODUCTION.md, and where it is from.

A claim is the words around its numbers, with a field for each, and the values of the fields out of
the stored rows. What no row can say is in EXEMPT, with the reason.
"""

import math
import statistics
from pathlib import Path

from t2t_hint_nart import registry
from t2t_hint_nart.reproduce.paper_results import TEACHER_COSINES_BELOW, published
from t2t_hint_nart.reproduce.rows import Rows, comparisons, p_value_over_seeds, read_rows, spread

ROOT = Path(__file__).parents[2]
_ALL = read_rows(ROOT / "reports")
ROWS = {name: Rows(_ALL, name) for name in dict.fromkeys(row.recipe for row in _ALL)}

NLL, REAL, ALIGN, HID, BOTH = (
    f"student_{name}" for name in ("nll", "real", "align", "hid", "align_hid")
)
CTC, BIGRAMS = "student_ctc", "student_ctc_bigrams"
STUDENTS = (NLL, REAL, ALIGN, HID, BOTH)
NINE, NINE_06 = "rescored_9_alpha0", "rescored_9_alpha0.6"
M, T, Q = "multi30k", "tatoeba", "quickstart"
C, TC = "multi30k_collapsed", "tatoeba_collapsed"
LONG, MILESTONES = "multi30k_long", (2000, 4000, 8000, 12000)
RIVALS = "table1_multi30k"
REPEATED = "repetition_percent"


def get(recipe, metric, system="", decoding=""):
    return ROWS[recipe].get(metric, system, decoding)


def one_pass(recipe, system, metric="bleu_13a"):
    return get(recipe, metric, system, "one_pass")


def gain(recipe, system, baseline, decoding="one_pass"):
    tests = comparisons(ROWS[recipe], against=baseline)
    return next(test for test in tests if (test.system, test.decoding) == (system, decoding))


def p(value):
    """With its sign: "= 0.052" or "< 0.001"."""
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def by_seed(recipe, system, baseline, metric, decoding="one_pass", baselines=None):
    """Differences of the seeds that measured both; the baseline may be decoded otherwise."""
    keys = (system, decoding), (baseline, baselines or decoding)
    ours, theirs = (ROWS[recipe].by_seed(metric, *key) for key in keys)
    return [ours[seed] - theirs[seed] for seed in ours if seed in theirs]


def difference(recipe, system, baseline, metric="bleu_13a", **decodings):
    return spread(by_seed(recipe, system, baseline, metric, **decodings))


def latency_ratio(recipe, system, decoding):
    """Of a system's latency to that of its teacher's greedy search."""
    ours = ROWS[recipe].by_seed("latency_ms", system, decoding)
    theirs = ROWS[recipe].by_seed("latency_ms", "teacher", "greedy")
    return spread([ours[seed] / theirs[seed] for seed in ours])


def first_seed(recipe, system, baseline="", metric="bleu_13a"):
    ours, theirs = (ROWS[recipe].by_seed(metric, s, "one_pass").get(1) for s in (system, baseline))
    return ours - theirs if baseline else ours


def fall(recipe, system, baseline):
    """Of repetitions, in percent of the baseline's."""
    ours, theirs = (ROWS[recipe].by_seed(REPEATED, s, "one_pass") for s in (system, baseline))
    both = [seed for seed in ours if seed in theirs]
    after, before = (statistics.fmean(found[seed] for seed in both) for found in (ours, theirs))
    return 100 * (1 - after / before)


def rescoring_gains(recipe, *decodings):
    """Smallest and largest of what rescoring adds to a student."""
    gains = [
        float(get(recipe, "bleu_13a", student, decoding)) - float(one_pass(recipe, student))
        for student in STUDENTS
        for decoding in decodings
    ]
    return min(gains), max(gains)


def alpha_gains(recipe):
    """Smallest and largest of what the length penalty adds to rescoring."""
    gains = [
        float(get(recipe, "bleu_13a", s, NINE_06)) - float(get(recipe, "bleu_13a", s, NINE))
        for s in STUDENTS
    ]
    return min(gains), max(gains)


def chance(recipe):
    """What two runs differ by in 1 of 20 cases: twice √2 of a run's deviation."""
    variances = [one_pass(recipe, student).deviation ** 2 for student in STUDENTS]
    return 2 * math.sqrt(2 * statistics.fmean(variances))


def paper(system, field):
    return getattr(published("iwslt14_deen", system, "one_pass"), field)["iwslt14_deen"]


def steps(recipe, system):
    return get(recipe, "settings.steps", system)


def batch_size(hparams_set):
    return registry.hparams(hparams_set).batch_size


def study_gains(recipe, form):
    """What the hints add after each number of steps, and those numbers, in their order."""
    after = ["", "_1200", "_2400"]
    gains = [difference(f"{recipe}_study", f"hints{n}", f"nll{n}") for n in after]
    return [f"{value:{form}}" for value in gains], [
        steps(f"{recipe}_study", f"nll{n}") for n in after
    ]


def study_falls(recipe):
    return [fall(f"{recipe}_study", f"hints{n}", f"nll{n}") for n in ("", "_1200", "_2400")]


def speedups():
    """Smallest and largest speed-up of a student in one pass, over recipes."""
    found = [float(get(r, "speedup", BOTH, "one_pass")) for r in (M, T, Q)]
    return min(found), max(found)


def slower(recipe):
    """Latency of the student with both hints over that without."""
    latency = [float(one_pass(recipe, system, "latency_ms")) for system in (BOTH, NLL)]
    return latency[0] / latency[1]


def over_seeds(recipe, metric, system=BOTH, baseline=NLL):
    """p of the t-test over seeds of any metric."""
    return p_value_over_seeds(by_seed(recipe, system, baseline, metric))


def of_long(steps, with_hints=False):
    """The name of a student trained for long, as it is after so many steps."""
    return f"student_{'align_hid' if with_hints else 'nll'}_warm_{steps}"


def long_gain(steps, decoding="one_pass"):
    """What both hints add to it."""
    return gain(LONG, of_long(steps, True), of_long(steps), decoding)


def table_line(label, recipe, system, decoding="one_pass", mark="", *numbers):
    """A line of the README's table: BLEU, repetitions, speed if it was measured, seeds."""
    bleu = get(recipe, "bleu_13a", system, decoding)
    repeated, speed = (get(recipe, m, system, decoding) for m in (REPEATED, "speedup"))
    seeds = len(ROWS[recipe].by_seed("bleu_13a", system, decoding))
    form = ".0f" if speed == 1 else ".1f"
    speed = "" if speed is None else f"{mark}{speed:{form}}{mark}"
    cells = f"{mark}{bleu:.2f}{mark} | {repeated:.2f} | {speed} | {seeds} |".replace("|  |", "| |")
    return f"| {mark}{label}{mark} | {{}}", *numbers, cells


# Values that both documents tell.
_GAIN, _STEPS = study_gains(M, "+.2f")
# Milliseconds of the same teacher, in the paper's table 1 and on the poster.
_PAPERS_TEACHER, _POSTERS_TEACHER = 784, 387

_SHORT, _LONG = steps(M, NLL), MILESTONES[-1]
MULTI30K_TABLE = [
    table_line("teacher, beam {}", C, "teacher", "beam4", "", 4),
    table_line("teacher, greedy, CTranslate2", C, "teacher", "greedy_ctranslate2"),
    table_line("the paper's student, likelihood alone, {:,} steps", M, NLL, "one_pass", "", _SHORT),
    table_line("with both hints", M, BOTH),
    table_line("without hints, {:,} steps", LONG, of_long(_LONG), "one_pass", "", _LONG),
    table_line("the same, repetitions merged", LONG, of_long(_LONG), "dedup"),
    table_line("of variable length (CTC, glancing)", C, CTC),
    table_line("tuned on bigrams, in LiteRT int8", C, BIGRAMS, "one_pass_litert_int8", "**"),
    table_line("the teacher's words, verified, LiteRT int8", C, BIGRAMS, "verified_litert_int8"),
]

README = [
    # Try it
    ("on {} core**, the installation", get(Q, "hardware.cores")),
    ("seed {})", ROWS[Q].seeds[0]),
    ("{} held-out sentences", get(Q, "sentences")),
    (
        "{:.2f} BLEU above the paper's student with both hints (p {}), {:.1f} ms a sentence, a "
        "file of {:.1f} MiB",
        gain(Q, BIGRAMS, BOTH).difference,
        p(gain(Q, BIGRAMS, BOTH).p_value),
        *(get(Q, m, BIGRAMS, "one_pass_litert_int8") for m in ("latency_ms", "size_mib")),
    ),
    (
        "all {} sentences are exactly its greedy search's, in {:.1f} ms instead of {:.1f}",
        get(Q, "sentences"),
        get(Q, "latency_ms", BIGRAMS, "verified_litert_int8"),
        get(Q, "latency_ms", "teacher", "greedy"),
    ),
    ("of the teacher, {:.1f} ms", get(Q, "latency_ms", "teacher", "greedy_ctranslate2")),
    (
        "its student, {:+.2f} BLEU (p {})",
        gain(Q, BOTH, NLL).difference,
        p(gain(Q, BOTH, NLL).p_value),
    ),
    ("{:,} sentences of a German course", get(Q, "data.train_pairs")),
    # What was found
    (
        "Multi30k, {:,} captions, German to English; students of {:.0f} million parameters",
        get(M, "data.train_pairs"),
        get(M, "settings.parameters", NLL) / 1e6,
    ),
    *MULTI30K_TABLE,
    (
        "others of the same sizes ({:.2f} and {:.2f}). After {:,} steps",
        *(get(recipe, "bleu_13a", "teacher", "beam4") for recipe in (M, LONG)),
        steps(M, NLL),
    ),
    (
        "both hints add {:+.2f} BLEU (p {}), take away {:.0f} % of the repetitions",
        gain(M, BOTH, NLL).difference,
        p(gain(M, BOTH, NLL).p_value),
        fall(M, BOTH, NLL),
    ),
    (
        "Tatoeba's {:,} short sentences the claim is not confirmed ({:+.2f}); the student of "
        "variable length is {:.2f} BLEU below greedy search",
        get(T, "data.train_pairs"),
        gain(T, BOTH, NLL).difference,
        -difference(TC, BIGRAMS, "teacher", baselines="greedy"),
    ),
    ("what they add is gone after {:,} steps", _STEPS[-1]),
    ("hours on {} cores:", get("multi30k_rerun", "hardware.cores")),
]

REPRODUCTION = [
    # What was found
    ("Both hints together add {:+.2f} BLEU", gain(M, BOTH, NLL).difference),
    ("and repetitions fall by {:.0f} %.", fall(M, BOTH, NLL)),
    (
        "repetitions fall by {:.0f} %, and BLEU does not follow: {:+.2f}",
        fall(T, BOTH, NLL),
        gain(T, BOTH, NLL).difference,
    ),
    (
        "is nothing after {:,}; while a student is trained for {:,} it is never significant",
        _STEPS[-1],
        MILESTONES[-1],
    ),
    (
        "gains {:.0f} to {:.0f} BLEU on Multi30k and {:.0f} to {:.0f} on Tatoeba",
        *rescoring_gains(M, NINE),
        *rescoring_gains(T, NINE),
    ),
    ("One pass is {:.0f} to {:.0f} times as fast", *speedups()),
    (
        "students have {:.0f} million parameters, start from the teacher's weights and are trained "
        "for {:,} steps",
        get(M, "settings.parameters", NLL) / 1e6,
        steps(M, NLL),
    ),
    # Multi30k
    (
        "{:,} captions, German to English, tested on the {:,} of",
        get(M, "data.train_pairs"),
        get(M, "sentences"),
    ),
    (
        "at least {} source tokens. Repetition",
        get(M, "long_label").split(">= ")[1].split(" ")[0],
    ),
    (
        "gains {:.1f} to {:.1f} BLEU more, and both hints are {:+.2f} over none (p {})",
        *alpha_gains(M),
        gain(M, BOTH, NLL, NINE_06).difference,
        p(gain(M, BOTH, NLL, NINE_06).p_value),
    ),
    (
        "+align over nll p {}, both hints over +align p {}.",
        p(gain(M, ALIGN, NLL).p_value),
        p(gain(M, BOTH, ALIGN).p_value),
    ),
    (
        "({:.2f} % against {:.2f} %) and not BLEU",
        one_pass(M, HID, REPEATED),
        one_pass(M, NLL, REPEATED),
    ),
    (
        "to {:.2f} % (t-test p {}); in the paper they fall by {:.0f} %, from {} to {} %",
        one_pass(M, BOTH, REPEATED),
        p(over_seeds(M, REPEATED)),
        100 * (1 - paper(BOTH, REPEATED) / paper(NLL, REPEATED)),
        paper(NLL, REPEATED),
        paper(BOTH, REPEATED),
    ),
    (
        "real data add {:+.2f} BLEU (p {}), more than",
        gain(M, NLL, REAL).difference,
        p(gain(M, NLL, REAL).p_value),
    ),
    # Multi30k, trained for long
    ("with both for {:,} steps", MILESTONES[-1]),
    ("in batches of {:,} tokens", 1024),
    ("of its own, {:.2f} BLEU by beam {}.", get(LONG, "bleu_13a", "teacher", "beam4"), 4),
    (
        "{:+.2f}, {:+.2f}, {:+.2f} and {:+.2f} BLEU after {:,}, {:,}, {:,} and {:,} steps, in no "
        "case significant (combined p at least {:.3f})",
        *(long_gain(steps).difference for steps in MILESTONES),
        *MILESTONES,
        min(long_gain(steps).p_value for steps in MILESTONES),
    ),
    (
        "take away {:.0f} % of the repetitions at first and {:.0f} % at last",
        *(fall(LONG, of_long(s, True), of_long(s)) for s in (MILESTONES[0], MILESTONES[-1])),
    ),
    (
        "without hints the last {:,} steps add {:.2f} BLEU",
        MILESTONES[-1] - MILESTONES[-2],
        difference(LONG, of_long(12000), of_long(8000)),
    ),
    (
        "one pass has {:.2f} BLEU instead of {:.2f} without hints, for no training and the pass "
        "that scores what is left; with both hints {:.2f} less (p {}), the one difference here "
        "that is significant. That C was chosen after {:,} steps; after {:,} the",
        get(LONG, "bleu_13a", of_long(12000), "dedup"),
        one_pass(LONG, of_long(12000)),
        difference(LONG, of_long(12000), of_long(12000, True), decoding="dedup"),
        p(long_gain(12000, "dedup").p_value),
        *MILESTONES[-2:],
    ),
    # Multi30k, variable length
    ("CTC with glancing, {:,} steps from the weights", steps(C, CTC)),
    ("then {} on bigrams", steps(C, BIGRAMS)),
    (
        "greedy search**, {:.2f} and {:.2f} BLEU, {:+.2f} against beam search",
        one_pass(C, BIGRAMS),
        get(C, "bleu_13a", "teacher", "greedy"),
        difference(C, BIGRAMS, "teacher", baselines="beam4"),
    ),
    ("says {:.2f} % of words twice", one_pass(C, BIGRAMS, REPEATED)),
    (
        "Eight bits make {:+.2f}.",
        difference(C, BIGRAMS, BIGRAMS, decoding="one_pass_litert_int8", baselines="one_pass"),
    ),
    (
        "The bigrams add {:+.2f} (p {})",
        gain(C, BIGRAMS, CTC).difference,
        p(gain(C, BIGRAMS, CTC).p_value),
    ),
    ("all {:,}, in float32", get(C, "sentences")),
    (
        "a pass settles {:.1f} tokens, and in LiteRT they take {:.2f} of its time",
        get(C, "tokens_per_pass", BIGRAMS, "verified_litert_int8"),
        latency_ratio(C, BIGRAMS, "verified_litert_int8"),
    ),
    # Tatoeba
    (
        "{:,} pairs of short sentences, tested on {:,}; long means at least {} source tokens",
        get(T, "data.train_pairs"),
        get(T, "sentences"),
        get(T, "long_label").split(">= ")[1].split(" ")[0],
    ),
    (
        "is p = {:.3f}, {:.3f} and {:.3f}, and higher in {} of {} seeds",
        *gain(T, BOTH, NLL).p_values,
        sum(d > 0 for d in gain(T, BOTH, NLL).differences),
        len(ROWS[T].seeds),
    ),
    (
        "fall from {} to {:.2f} % (t-test p {}).",
        f"{one_pass(T, NLL, REPEATED):.2f}",
        one_pass(T, BOTH, REPEATED),
        p(over_seeds(T, REPEATED)),
    ),
    (
        "only {:+.2f} BLEU over the real data (p {}), rescored {:+.2f} (p {})",
        gain(T, NLL, REAL).difference,
        p(gain(T, NLL, REAL).p_value),
        gain(T, NLL, REAL, NINE).difference,
        p(gain(T, NLL, REAL, NINE).p_value),
    ),
    (
        "of {:,} tokens and no dropout, {:,} steps from the weights of a teacher made anew, then "
        "{:,} on bigrams",
        batch_size(get(TC, "settings.hparams_set", CTC)),
        steps(TC, CTC),
        steps(TC, BIGRAMS),
    ),
    (
        "{:.2f} BLEU below its teacher's greedy search**, {:.2f} and {:.2f}, where the paper's "
        "student with both hints has {:.2f}; it says {:.2f} % of words twice",
        -difference(TC, BIGRAMS, "teacher", baselines="greedy"),
        one_pass(TC, BIGRAMS),
        get(TC, "bleu_13a", "teacher", "greedy"),
        one_pass(T, BOTH),
        one_pass(TC, BIGRAMS, REPEATED),
    ),
    (
        "bigrams add {:+.2f} (p {})",
        gain(TC, BIGRAMS, CTC).difference,
        p(gain(TC, BIGRAMS, CTC).p_value),
    ),
    # Quickstart
    (
        "{:,} sentences of a German course, {} test sentences",
        get(Q, "data.train_pairs"),
        get(Q, "sentences"),
    ),
    (
        "are {:+.2f} BLEU (p {}); repetitions fall by {:.0f} %",
        gain(Q, BOTH, NLL).difference,
        p(gain(Q, BOTH, NLL).p_value),
        fall(Q, BOTH, NLL),
    ),
    (
        "variable length is {:+.2f} over both hints (p {}); what its bigrams add, {:+.2f}, may be "
        "chance (p {})",
        gain(Q, BIGRAMS, BOTH).difference,
        p(gain(Q, BIGRAMS, BOTH).p_value),
        gain(Q, BIGRAMS, CTC).difference,
        p(gain(Q, BIGRAMS, CTC).p_value),
    ),
    (
        "of the teacher settles {:.2f} of their tokens",
        get(Q, "tokens_per_pass", BIGRAMS, "verified_litert_int8"),
    ),
    ("and {} steps are too few for it", steps(Q, "student_shallow")),
    (
        "After rescoring both hints are {:+.2f} (p {})",
        gain(Q, BOTH, NLL, "rescored_9").difference,
        p(gain(Q, BOTH, NLL, "rescored_9").p_value),
    ),
    # What matters
    ("Multi30k's student, {} steps unless said", steps("multi30k_study", "hints")),
    ("students differ by more than {:.1f} BLEU from one seed", chance(M)),
    (
        "{}, {} and {} BLEU after {:,}, {:,} and {:,} steps, and take away {:.0f}, {:.0f} and "
        "{:.0f} % of the repetitions",
        *_GAIN,
        *_STEPS,
        *study_falls(M),
    ),
    (
        "(λ = {:g}, μ = {:g}, γ_st = {}, γ_tr = {},",
        *(
            get(M, f"settings.hint_{name}", BOTH)
            for name in ("hidden_weight", "align_weight", "gamma_st", "gamma_tr")
        ),
    ),
    (
        "λ = {} and neighbouring pairs alone are worse by {:.0f} BLEU",
        get("multi30k_study", "settings.hparams", "lambda_20").partition("=")[2].partition(".")[0],
        -first_seed("multi30k_study", "neighbor", "hints"),
    ),
    (
        "on the real data, {:+.2f} BLEU, and a student that starts from nothing, {:+.2f}. Starting "
        "from the teacher's weights is worth more: {:+.2f} BLEU",
        first_seed("multi30k_study", "real_hints", "real"),
        first_seed("multi30k_study", "cold_hints", "cold_nll"),
        first_seed("multi30k_study", "nll", "cold_nll"),
    ),
    (
        "without hints ({:+.2f} BLEU), with hints hardly ({:+.2f})",
        first_seed("multi30k_study", "soft_copy_nll", "nll"),
        first_seed("multi30k_study", "soft_copy", "hints"),
    ),
    ("a difference below {:.1f} BLEU may be chance", chance(T)),
    ("while they take away {:.0f}, {:.0f} and {:.0f} % of the repetitions", *study_falls(T)),
    # States
    (
        "{:.0f} % of its cosines below {}, {:.0f} % in the last layer; the paper {:.0f} %",
        100 * get(M, "cosine.raw.below_0.25", "teacher"),
        min(TEACHER_COSINES_BELOW),
        100 * get(M, "cosine.raw.last.below_0.25", "teacher"),
        100 * TEACHER_COSINES_BELOW["0.25"],
    ),
    (
        "falls from {:.2f} to {:.2f} nats on Multi30k and from {:.2f} to {:.2f} on Tatoeba",
        *(float(get(recipe, "attention.kl", s)) for recipe in (M, T) for s in (NLL, BOTH)),
    ),
    # Speed
    (
        "median of {:.0f} sentences, three times each",
        one_pass(M, NLL, "latency_calls") / 3,
    ),
    ("Multi30k and Tatoeba on {} cores", get(M, "hardware.cores")),
    (
        "takes {:.2f} times as long as without on Multi30k, {:.2f} times on Tatoeba",
        slower(M),
        slower(T),
    ),
    (
        "The paper's {} are of mean latencies on a GPU, against a teacher of {} ms; on the same "
        "team's later poster the teacher takes {} ms, which makes it {}",
        published("wmt14_ende", BOTH, "one_pass").speedup,
        _PAPERS_TEACHER,
        _POSTERS_TEACHER,
        published("wmt14_ende", NLL, "one_pass").speedup,
    ),
    ("{:.2f} times the teacher's speed are left", get(M, "speedup", BOTH, NINE)),
    # The paper's rivals
    (
        "of its own, {:.2f} and {:.2f} BLEU by beam {},",
        *ROWS[RIVALS].by_seed("bleu_13a", "teacher", "beam4").values(),
        4,
    ),
    (
        "the LSTM is {:.2f} BLEU below its teacher by beam search, and the convolutional model "
        "{:.2f} above",
        -difference(RIVALS, "lstm", "teacher", decoding="beam4"),
        difference(RIVALS, "conv_s2s", "teacher", decoding="beam4"),
    ),
    (
        "the hints are last, {:.2f} BLEU, no more than a student without them, {:.2f}, but with "
        "fewer repetitions; refinement has {:.2f}, latents {:.2f}, fertilities {:.2f}",
        one_pass(RIVALS, BOTH),
        one_pass(RIVALS, NLL),
        get(RIVALS, "bleu_13a", "refinement", "adaptive"),
        one_pass(RIVALS, "latent"),
        one_pass(RIVALS, "fertility_tuned"),
    ),
    (
        "refinement has {:.2f} after the first",
        get(RIVALS, "bleu_13a", "refinement", "iterations_1"),
    ),
    (
        "hints are last again, {:.2f} by nine lengths, latents have {:.2f} and fertilities {:.2f} "
        "by a hundred samples, {:.2f} below",
        get(RIVALS, "bleu_13a", BOTH, "rescored_9"),
        get(RIVALS, "bleu_13a", "latent", "rescored_100"),
        get(RIVALS, "bleu_13a", "fertility_tuned", "rescored_100"),
        -difference(
            RIVALS, "fertility_tuned", "teacher", decoding="rescored_100", baselines="beam4"
        ),
    ),
    (
        "In one seed fine-tuning adds {:+.2f} (p {})",
        gain(RIVALS, "fertility_tuned", "fertility").difference,
        p(gain(RIVALS, "fertility_tuned", "fertility").p_value),
    ),
    (
        "The hints' student had {:.0f} minutes of training",
        get(RIVALS, f"wall_seconds.{BOTH}") / 60,
    ),
    # Made again
    (
        "Python {}, TensorFlow {}, Keras {}, sacrebleu {}",
        *(get(M, f"versions.{name}") for name in ("python", "tensorflow", "keras", "sacrebleu")),
    ),
]

CLAIMS = {"README.md": README, "REPRODUCTION.md": REPRODUCTION}

# Pattern, and why no row says it.
EXEMPT = {
    "README.md": [
        (r"Python 3\.11", "what it takes"),
        (r"336 KB|3 GB of", "sizes of what is downloaded"),
        (r"35 min on", "the sum of the stages"),
        (r"with 6 and 1 layers", "settings"),
        (r"auf-deutsch` 0\.1\.1", "a version"),
        (r"paper's Figure 1", "the paper's figures are counted"),
        (r"batch 1|times beam 4", "how it is measured"),
    ],
    "REPRODUCTION.md": [
        (r"EMNLP 2019, arXiv 1909\.06708|NeurIPS 2019|Vovk and Wang 2020", "years of papers"),
        (r"combined p below 0\.05|one of 20 cases", "what is called significant"),
        (r"With alpha 0|length penalty, 0\.6|Here alpha is 1|with 0 the teacher", "decode hparams"),
        (r"prefers 1 for both, with 33\.76 and 33\.21", "reports/multi30k_long"),
        (r"rival of 6 and 1|random_seed=2", "settings"),
        (r"2 h 15 min of 2 cores", "the sum of its parts"),
        (r"the paper's Table 1", "the paper's tables are counted"),
        (r"Development set, first seed.*the test set", "reports/multi30k_collapsed"),
        (r"Development set, greedy search 47.*?same text", "reports/tatoeba_collapsed"),
    ],
}
