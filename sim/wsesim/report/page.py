"""The report as one HTML page: no scripts, nothing loaded, everything a user typed escaped."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from wsesim.report import resident, service, text, views
from wsesim.report.figures import Roof, roofline_svg, timeline_svg
from wsesim.report.plain import answers, to_json
from wsesim.result import Metrics, Result, ServingMetrics
from wsesim.units import show_bytes

if TYPE_CHECKING:
    from jinja2 import Environment


def render_html(result: Result) -> str:
    """Return the page; the same bytes for the same result, but for its last section, which shows `result.cost`."""
    from markupsafe import Markup

    metrics = answers(result)
    page: dict[str, object] = {
        "result": result, "metrics": metrics, "text": text, "facts": views.facts(result),
        "memory": views.memory(result),
        "causes": tuple(zip(views.styles(result).values(), views.causes(result).values(), strict=True)),
        "inputs": _yaml(to_json(result)), "timeline": "", "rooflines": (), "service": (), "percentiles": (),
        "show_bytes": show_bytes,
    }  # fmt: skip
    if metrics is not None:
        page |= {
            "headline": views.headline(result, metrics), "spent": views.spent(result, metrics),
            "step": isinstance(metrics, Metrics), "ops": views.ops(result, metrics),
            "timeline_legend": _legend(result, [interval.cause for interval in result.timeline]),
            "roof_legend": _legend(result, [op.bound for op in result.ops if op.flops > 0]),
            "timeline": Markup(timeline_svg(result.timeline, views.styles(result))) if result.timeline else "",
            "rooflines": tuple(Markup(drawn) for drawn in _rooflines(result)),
        }  # fmt: skip
    if isinstance(metrics, Metrics):
        page |= {"gap": views.gap(result, metrics), "bound_width": views.bound_width(metrics)}
    if isinstance(metrics, ServingMetrics):
        page |= {
            "percentiles": resident.percentile_rows(metrics),
            "service": tuple(Markup(drawn) for drawn in service.drawings(metrics)),
        }
    return templates().get_template("report.html.j2").render(page)


def templates(package: str = "wsesim.report") -> Environment:
    """Return the templates of *package*, and those of reports beside them."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in dict.fromkeys((package, "wsesim.report"))]),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip


def _legend(result: Result, shown: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the style and label of each cause in *shown*, once."""
    described, named = views.causes(result), views.styles(result)
    return tuple((named[cause], described[cause].label) for cause in dict.fromkeys(shown))


def _rooflines(result: Result) -> list[str]:
    """Draw every roof whose slope and peak the machine names."""
    peak = result.machine.get("peak_flops")
    sram = [(op, op.sram_bytes * op.calls) for op in result.ops]
    edge = [(op, (op.weight_bytes + op.gradient_bytes) * op.calls) for op in result.ops]
    drawn = []
    for ident, roof, name, moved in (
        ("roof-sram", "SRAM", "sram_bytes_per_s", sram),
        ("roof-edge", "Edge of the wafer", "io_bytes_per_s", edge),
    ):
        bytes_per_s = result.machine.get(name)
        moved = [(op, size) for op, size in moved if op.flops > 0 and op.seconds > 0 and size > 0]
        if moved and isinstance(peak, int | float) and isinstance(bytes_per_s, int | float):
            slope = Roof(ident=ident, name=roof, bytes_per_s=bytes_per_s, peak=peak)
            drawn.append(roofline_svg(moved, slope, views.styles(result)))
    return drawn


def _yaml(form: dict[str, object]) -> str:
    from ruamel.yaml import YAML

    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.width = 100
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # typed by its initial value
    provenance = form["provenance"]
    assert isinstance(provenance, dict)
    written = io.StringIO()
    writer.dump(provenance["workload"], written)
    return written.getvalue()
