"""Packaging. `problems/` and `hparams/` are installed inside the package, never at top level."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
PLUGINS = ("problems", "hparams")
COMMANDS = (
    "t2t-datagen",
    "t2t-build-vocab",
    "t2t-trainer",
    "t2t-decoder",
    "t2t-exporter",
    "t2t-avg-all",
    "t2t-avg-checkpoints",
    "t2t-distill",
    "t2t-calibrate",
    "t2t-reproduce",
    "t2t-bleu",
    "t2t-query-server",
    "t2t-serve",
    "t2t-eval",
    "t2t-translate-all",
    "t2t-visualize",
    "t2t-import-checkpoint",
)
SEARCH = ["optuna>=4,<6"]
LITERT = ["ai-edge-litert>=2.1"]
CTRANSLATE2 = ["ctranslate2>=4.6"]
CLUSTER = ["ray>=2.40"]
SERVE = ["fastapi>=0.115", "prometheus-client>=0.20", "uvicorn>=0.30"]


def version() -> str:
    """Read the version without importing the package, which need not be importable yet."""
    text = (ROOT / "t2t_hint_nart" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        raise RuntimeError('t2t_hint_nart/__init__.py has no line __version__ = "..."')
    return found.group(1)


def packages() -> list[str]:
    """List the packages under the names by which they are imported."""
    own = find_packages(str(ROOT), include=["t2t_hint_nart", "t2t_hint_nart.*"])
    for plugin in PLUGINS:
        found = find_packages(str(ROOT), include=[plugin, f"{plugin}.*"])
        own += [f"t2t_hint_nart.{name}" for name in found]
    return own


setup(
    name="t2t-hint-nart",
    version=version(),
    description="Hint-based training of non-autoregressive translation, for TensorFlow 2",
    license="Apache-2.0",
    python_requires=">=3.11,<3.14",
    packages=packages(),
    package_dir={f"t2t_hint_nart.{plugin}": plugin for plugin in PLUGINS},
    package_data={
        "t2t_hint_nart": ["py.typed", "inspection/*.html", "serving/*.html"],
        "t2t_hint_nart.problems.builders": ["checksums.tsv"],
    },
    install_requires=[
        "tensorflow>=2.21,<2.22",
        "tensorflow-text>=2.21,<2.22",
        "tensorflow-datasets>=4.9.9",
        # tensorflow-datasets 4.9.10 imports it and no longer gets it from etils.
        "importlib_resources",
        "sacrebleu>=2.4",
        # 0.2: its tokens but for the end of a line are compared with Moses' own.
        "sacremoses>=0.2,<0.3",
        # Student's t over seeds.
        "scipy>=1.11",
        "absl-py>=2",
        # Types of what is read from JSON files, told by name where they are wrong.
        "msgspec>=0.19",
        # TensorFlow 2.21 no longer installs it, and tf.summary refuses to write without it.
        "tensorboard>=2.20",
        "matplotlib>=3.8",
    ],
    extras_require={
        # t2t-trainer --hparams_range
        "search": SEARCH,
        # t2t-exporter --format=litert, and what it wrote
        "litert": LITERT,
        # t2t-exporter --format=ctranslate2, and what it wrote
        "ctranslate2": CTRANSLATE2,
        # t2t-distill --ray_address
        "cluster": CLUSTER,
        # t2t-serve
        "serve": SERVE,
        # benchmarks/speed.py; JoeyNMT's protobuf collides with TensorFlow's: --peer_python
        "benchmark": [*LITERT, *CTRANSLATE2, "torch>=2.1"],
        "dev": [
            *SEARCH,
            *LITERT,
            *CTRANSLATE2,
            *CLUSTER,
            *SERVE,
            "dill",  # tfds.testing imports it
            "httpx",  # starlette.testclient imports it
            "hypothesis",
            "import-linter",
            "mypy",
            "pytest",
            "pytest-xdist",
            "ruff",
            "setuptools",
            "wheel",
        ],
    },
    entry_points={
        "console_scripts": [
            f"{name}=t2t_hint_nart.bin.{name.replace('-', '_')}:main" for name in COMMANDS
        ]
    },
)
