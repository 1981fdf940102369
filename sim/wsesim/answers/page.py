"""Results and comparisons as one HTML page each: no scripts, nothing loaded, everything a user typed escaped."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from wsesim._version import __version__
from wsesim.answer import Answer, Comparison, Result
from wsesim.answers import limits, text, views
from wsesim.answers.anatomy import blocks
from wsesim.answers.causes import Cause, causes_of
from wsesim.answers.compared import Compared
from wsesim.answers.drawings import Picture, drawn
from wsesim.answers.roofline import rooflines
from wsesim.answers.timeline import MOST_ROWS, timeline_svg, tracks_of
from wsesim.answers.verdict import verdict
from wsesim.packaged import folder_of, keep
from wsesim.signs import printable
from wsesim.units import Sizes, plural, show_bytes

if TYPE_CHECKING:
    from jinja2 import BytecodeCache, Environment
    from markupsafe import Markup

ORDER = (
    "headline", "bound", "time", "maps", "tables", "flames", "codes", "drawings", "timeline", "ops", "rooflines",
    "memory", "checks", "facts", "leaves_out", "notes", "provenance", "inputs", "cost",
)  # fmt: skip
"""Sections of a result's page, from the first: macros `section_NAME` of `sections.html.j2`; nothing gives nothing."""
_PACKAGE = "wsesim.answers"
LONGEST_WHOLE = 24
"""Signs of a name that fit a line of a title on a phone."""


def render_result(result: Result) -> str:
    """Return the page; the same bytes for the same result, but for its last section, which shows `result.cost`."""
    page: dict[str, object] = {
        "result": result, "answer": result.answer, "order": ORDER, "verdict": views.VERDICTS[result.status],
        "memory": views.memory(result), "causes": (), "inputs": _yaml(result.provenance.workload),
        "program": f"wsesim {result.provenance.version}",
    }  # fmt: skip
    if result.answer is not None:
        page |= _of_answer(result, result.answer)
    return templates().get_template("report.html.j2").render(page)


def _of_answer(result: Result, answer: Answer) -> dict[str, object]:
    from markupsafe import Markup

    causes = causes_of(answer)
    return _cycles_of(answer) | {
        "about": views.about(answer), "headline": views.headline(result, answer),
        "choices": views.choices(result, answer), "nearest": views.nearest(result),
        "verdict_said": verdict(answer), "limits": limits.lines(answer),
        "without_effect": limits.without_effect(answer), "above_bound": limits.told_above_bound(answer),
        "figures": views.figures(result, answer),
        "gap": views.gap(answer, causes), "reached_s": views.reached_s(answer), "width": views.width,
        "ops": views.ops(answer, causes),
        "timeline": Markup(timeline_svg(answer.timeline, causes)) if answer.timeline else "",
        "timeline_left": max(0, len(tracks_of(answer.timeline)) - MOST_ROWS),
        "timeline_legend": _legend(causes, (interval.cause for interval in answer.timeline)),
        "rooflines": tuple(map(Markup, rooflines(answer, causes))),
        "roof_legend": _legend(causes, (op.bound for op in answer.ops if op.flops > 0)),
        "facts": views.facts(answer),
    }  # fmt: skip


def _cycles_of(answer: Answer) -> dict[str, object]:
    """Return what sections about cycles show."""
    from markupsafe import Markup

    causes = causes_of(answer)
    pictures = (each for each in answer.drawings if isinstance(each, Picture))
    return blocks(answer, causes) | {
        "answer": answer, "causes": tuple(causes.values()), "spent": views.spent(answer, causes), "limits": (),
        "tables": tuple(map(views.grid, answer.tables)), "what": answer.spent.what if answer.spent else "run",
        "drawings": tuple((Markup(element), wide) for element, wide in map(drawn, pictures)),
    }  # fmt: skip


def render_profile(title: str, about: str, answer: Answer) -> str:
    """Return the page of an *answer* to no question, such as where the cycles of a program went."""
    page = {
        "title": title, "about": about, "program": f"wsesim {__version__}", **_cycles_of(answer),
    }  # fmt: skip
    return templates().get_template("profile.html.j2").render(page)


def render_comparison(comparison: Comparison) -> str:
    """Return the page; the same bytes for the same comparison, but for its last section, which shows what it cost."""
    page = {
        "found": comparison, "compared": Compared(comparison), "causes": (), "program": f"wsesim {__version__}",
    }  # fmt: skip
    return templates().get_template("levels.html.j2").render(page)


@cache
def templates(package: str = _PACKAGE) -> Environment:
    """Return the templates of *package*, and those of answers beside them.

    Everything they print is escaped; what is no sign, such as a control character, becomes `?`. They know `text`,
    `plural` and `show_bytes`.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in dict.fromkeys((package, _PACKAGE))]),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        finalize=_printed, bytecode_cache=_compiled(),
    )  # fmt: skip
    environment.filters["whole"] = _whole
    environment.globals.update(text=text, plural=plural, show_bytes=show_bytes)
    return environment


def _compiled() -> BytecodeCache:
    """Return what keeps templates as Python keeps byte code: compiling them takes longer than filling them in."""
    from jinja2 import BytecodeCache, __version__
    from jinja2.bccache import Bucket

    def place(bucket: Bucket) -> Path:
        return folder_of(Path(__file__)) / f"{bucket.key}.{sys.implementation.cache_tag}.jinja-{__version__}"

    class Kept(BytecodeCache):
        def load_bytecode(self, bucket: Bucket) -> None:
            with suppress(OSError), place(bucket).open("rb") as stream:
                bucket.load_bytecode(stream)

        def dump_bytecode(self, bucket: Bucket) -> None:
            keep(place(bucket), bucket.bytecode_to_string())

    return Kept()


def _whole(title: str) -> Markup:
    """Return a title whose names, such as those of models, do not break at hyphens, but for very long ones."""
    from markupsafe import Markup, escape

    named = Markup('<span class="whole-name">{}</span>')
    words = (printable(word, keep="") for word in title.split(" "))
    return Markup(" ").join(
        named.format(word) if "-" in word and len(word) <= LONGEST_WHOLE else escape(word) for word in words
    )


def _printed(value: object) -> object:
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return printable(value, keep="\n")
    return value


def _legend(causes: Mapping[str, Cause], shown: Iterable[str]) -> tuple[Cause, ...]:
    return tuple(causes[name] for name in dict.fromkeys(shown))


def _yaml(workload: Mapping[str, object]) -> str:
    from ruamel.yaml import YAML

    from wsesim.answers.plain import plain_data

    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.width = 100
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # typed by its initial value
    written = io.StringIO()
    shapes = {key: str(each) if len(each) > 1 else each[0] for key, each in workload.items() if isinstance(each, Sizes)}
    writer.dump({**cast("dict[str, object]", plain_data(workload)), **shapes}, written)
    return written.getvalue()
