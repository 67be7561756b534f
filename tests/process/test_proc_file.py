"""Files of the kernel, made up."""

from t2t_hint_nart.process.proc_file import proc_values


def test_cpu_model_is_read_from_the_kernel(tmp_path):
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nmodel name\t: Some: CPU @ 2 GHz\n\nmodel name : other\n")
    assert proc_values(file, "model name") == ["Some: CPU @ 2 GHz", "other"]
    assert proc_values(tmp_path / "missing", "model name") == []
