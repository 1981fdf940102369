"""A kernel's answer as one HTML page: no scripts, nothing loaded, everything a user typed escaped."""

from __future__ import annotations

from wsesim import units
from wsesim._version import __version__
from wsesim.cores import show
from wsesim.cores.programs import find_program
from wsesim.kernelrun.question import KernelAnswer
from wsesim.report import text
from wsesim.report.page import templates

MAP_INCHES = 2.8
"""Three maps side by side."""
MAPS = (("busy", "Cycles a core works", "cycles"), ("stalled", "Cycles a core waits", "cycles"),
        ("links", "Wavelets sent to neighbours", "wavelets"))  # fmt: skip


def render_html(answer: KernelAnswer) -> str:
    """Return the page; the same bytes for the same question."""
    question, found = answer.question, answer.outcome
    program = find_program(question.kernel)
    page = {
        "question": question, "found": found, "program": program, "version": __version__, "text": text,
        "clock": units.show(question.hardware.cluster.wafer.core.clock_hz, units.Dimension.HERTZ),
        "off": found.closed_cycles / found.cycles - 1 if found.cycles else 0.0, "drawings": _drawings(answer),
        "figures": [each for each in question.hardware.figures if each.name.startswith(("core.", "fabric.", "code."))],
        "causes": (),
    }  # fmt: skip
    return templates("wsesim.kernelrun").get_template("kernel.html.j2").render(page)


def _drawings(answer: KernelAnswer) -> list[object]:
    """Draw where the cores worked and waited, where wavelets went, and the activity over time."""
    from markupsafe import Markup

    found = answer.outcome
    if found.run is None:
        return []
    drawn = [
        Markup(_inline(show.heat_svg(show.core_map(found.run, what), title, unit=unit, inches=MAP_INCHES)))
        for what, title, unit in MAPS
    ]
    if found.frame_cycles and len(found.run.frames):
        strip = show.strip_svg(found.run, "Activity over time, from cycle", frame_cycles=found.frame_cycles)
        drawn.append(Markup(_inline(strip)))
    return list(drawn)


def _inline(svg: str) -> str:
    """Return an SVG file as an element of a page."""
    return svg[svg.index("<svg") :]
