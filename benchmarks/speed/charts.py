"""Charts: latency over length, throughput over batch."""

from speed import engines as names
from speed.parts import SENTENCES
from speed.turns import ONE
from t2t_hint_nart.inspection.figures import save, training_curves_figure

# As many as there are colours.
_SHOWN = (
    names.BEAM,
    names.CT2_BEAM,
    names.CT2_INT8_GREEDY,
    names.NINE_INT8,
    names.ONE_PASS,
    names.LITERT,
    names.LITERT_INT8,
)


def draw(report, output_dir, clock):
    """Write latency.png and throughput.png, as far as they were measured, by a clock."""
    parts = {name: part["rows"] for name, part in report["parts"].items()}
    latency = [row for row in parts.get("decoding", ()) if row["case"] != SENTENCES]
    rates = parts.get("throughput", ())
    told, rate = ("CPU ", "per_cpu_second") if clock == "cpu" else ("", "per_second")
    path = output_dir / "latency.png"
    _chart(latency, "case", f"{clock}_ms", "subwords", f"{told}ms a sentence", path)
    path = output_dir / "throughput.png"
    _chart(rates, "batch", rate, "batch", f"sentences a {told}second", path)


def _chart(rows, across, up, label, title, path):
    """A panel for each size, both axes logarithmic."""
    panels = {}
    for row in rows:
        if row["engine"] in _SHOWN and row["threads"] == ONE:
            lines = panels.setdefault(f"{row['size']}: {title}", {})
            places, values = lines.setdefault(row["engine"], ([], []))
            places.append(float(row[across]))
            values.append(row[up])
    if not panels:
        return
    figure = training_curves_figure(panels)
    for axes in figure.axes:
        axes.set_xlabel(label)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        ticks = sorted({place for line in axes.lines for place in line.get_xdata()})
        axes.set_xticks(ticks, [f"{tick:.0f}" for tick in ticks])
        for line in axes.lines:
            line.set_marker("o")
        axes.get_legend().remove()
    # One for all panels, where no line runs through it.
    lines = {line.get_label(): line for axes in figure.axes for line in axes.lines}
    figure.legend(lines.values(), lines, loc="outside lower center", ncols=4, frameon=False)
    save(figure, path)
