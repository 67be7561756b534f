"""A full disk while text is encoded: one line names the file, from two processes, too."""

import resource
import subprocess
import sys
from pathlib import Path

# Bytes a file may have: what would exceed it fails as on a full disk.
LIMIT = 4096


def limit_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))


def test_two_processes(tmp_path):
    for side in ("inputs", "targets"):
        for split, count in (("train", 6000), ("eval", 1), ("test", 1)):
            lines = "".join(f"{number % 7}\n" for number in range(count))
            (tmp_path / f"{side}.{split}.txt").write_text(lines, "utf-8")
    done = subprocess.run(
        [
            Path(sys.executable).with_name("t2t-datagen"),
            "--problem=text2text_tmpdir",
            f"--tmp_dir={tmp_path}",
            f"--data_dir={tmp_path}/data",
            "--num_concurrent_processes=2",
        ],
        preexec_fn=limit_files,
        capture_output=True,
        text=True,
    )
    told = [line for line in done.stderr.splitlines() if not line.startswith("text2text_tmpdir: ")]
    (line,) = told
    assert done.returncode == 1
    assert line.startswith(
        f"t2t-datagen: error: {tmp_path}/data/text2text_tmpdir-unshuffled-train-"
    )
    assert line.endswith(": File too large")
