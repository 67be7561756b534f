"""Reports of made-up seeds: same systems, other numbers."""

from t2t_hint_nart.reproduce.report import build_report

DECODINGS = ("one_pass", "rescored_9_alpha0", "rescored_9_alpha0.6")
# BLEU of the student without hints, with all hints; p-value of their difference.
SEEDS = {1: (20.0, 22.0, 0.01), 2: (20.5, 21.5, 0.06), 3: (19.0, 22.0, 0.002)}


def row(system, decoding, bleu, **fields):
    return {
        "system": system,
        "decoding": decoding,
        "sentences": 200,
        "bleu_13a": bleu,
        "bleu_tokenized": bleu + 0.5,
        "bleu_tokenized_lc": bleu + 1.5,
        "long_bleu_13a": bleu - 5,
        "chrf": bleu + 30,
        "signature": "tok:13a",
        "signatures": {"bleu_13a": "tok:13a", "bleu_tokenized_lc": "case:lc"},
        "long_label": "source >= 40 tokens, 12 sentences",
        "repetition_percent": 30 - bleu,
        "latency_ms": 10.0,
    } | fields


def seed_report(seed, **changes):
    plain, hinted, p_value = SEEDS[seed]
    rows = [
        row("teacher", "greedy", 30.0, latency_ms=40.0),
        row("teacher", "beam4", 31.0, latency_ms=90.0 + seed),
    ]
    tests = []
    for gain, decoding in enumerate(DECODINGS):
        rows += [
            row("student_nll", decoding, plain + gain),
            row("student_align_hid", decoding, hinted + gain),
        ]
        tests.append(
            {
                "decoding": decoding,
                "baseline": "student_nll",
                "system": "student_align_hid",
                "difference": hinted - plain,
                "p_value": p_value,
            }
        )
    return build_report(
        **{
            "recipe": "tiny",
            "seed": seed,
            "rows": rows,
            "command": f"t2t-reproduce --recipe=tiny --output_dir=runs/{seed} --random_seed={seed}",
            "data": {"description": "Made up.", "train_pairs": 7},
            "cosine": {
                system: {
                    reading: {
                        "mean": mean + seed / 100,
                        "below": {"0.25": 0.6, "0.5": 0.9},
                        "pairs": 9,
                    }
                    for reading in ("raw", "normed")
                }
                for system, mean in (
                    ("teacher", 0.2),
                    ("student_nll", 0.3),
                    ("student_align_hid", 0.1),
                )
            },
            "attention": {
                "teacher": {"entropy": 1.0, "kl_to_teacher": None},
                "student_nll": {"entropy": 2.0, "kl_to_teacher": 1.5},
                "student_align_hid": {"entropy": 1.5, "kl_to_teacher": 0.5},
            },
            "significance": tests,
            "figures": [{"file": "figure1.png", "caption": "Cosines"}],
            "settings": {"name": "tiny", "hidden_size": 128, "teacher_seed": 1},
            "wall_seconds": {"teacher": 100.0 * seed, "decode": 5.0},
            "hardware": {"cpu": "Some CPU", "cores": 2, "gpus": []},
            "versions": {"keras": "3.15.1"},
        }
        | changes
    )
