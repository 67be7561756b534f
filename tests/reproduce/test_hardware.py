import subprocess
import sys
from importlib import metadata

from t2t_hint_nart.reproduce import hardware as module


def test_this_machine():
    machine = module.hardware()
    assert machine["cpu"]
    assert machine["cores"] >= 1
    assert machine["ram_gib"] is None or machine["ram_gib"] > 0.1
    assert isinstance(machine["gpus"], list)


def test_versions_are_those_installed():
    versions = module.versions()
    assert versions["sacrebleu"] == metadata.version("sacrebleu")
    assert versions["python"].startswith("3.")


def test_a_missing_package_is_left_out(monkeypatch):
    monkeypatch.setattr(module, "PACKAGES", ("no-such-package-at-all",))
    assert list(module.versions()) == ["python"]


def test_cpu_model_is_read_from_the_kernel(tmp_path):
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nmodel name\t: Some: CPU @ 2 GHz\n\nmodel name : other\n")
    assert module._values(file, "model name") == ["Some: CPU @ 2 GHz", "other"]
    assert module._values(tmp_path / "missing", "model name") == []


def test_tensorflow_is_not_imported():
    code = (
        "import sys; from t2t_hint_nart.reproduce import hardware as h;"
        "h.hardware(); h.versions(); sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
