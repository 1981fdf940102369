import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from wsesim.report import render_html
from wsesim.result import Interval, OpTime, Result, SimulatorCost, Status

EVIL = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>&amp; $x^{2}$"
SPEED = re.compile(r"tokens per second|tokens/s|samples|MFU|throughput|energy per token|a second|faster|\bstep\b", re.I)


class Seen(HTMLParser):
    """Collects tags, attributes and text, and checks that elements close in order."""

    VOID = frozenset({"meta", "br", "img", "link"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data


def test_the_page_runs_nothing_and_loads_nothing(result: Result) -> None:
    page = render_html(result)
    seen = Seen(page)
    assert seen.open == []
    assert seen.tags.isdisjoint({"script", "link", "img", "iframe", "object", "embed", "form", "base"})
    names = {name for name, _ in seen.attributes}
    assert not any(name.startswith("on") or name in ("src", "href", "srcset", "action") for name in names)
    assert all((value or "").startswith("#") for name, value in seen.attributes if name == "xlink:href")
    assert "url(" not in re.sub(r"url\(#", "", page)
    assert "@import" not in page
    assert "default-src 'none'" in page


def test_ids_are_unique_and_references_resolve(result: Result) -> None:
    seen = Seen(render_html(result))
    ids = [value for name, value in seen.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    used = {(value or "")[1:] for name, value in seen.attributes if name == "xlink:href"}
    used |= {found for _, value in seen.attributes for found in re.findall(r"url\(#([^)]*)\)", value or "")}
    assert used <= set(ids)


def test_what_a_user_typed_is_text(make: Callable[..., Result]) -> None:
    run = make()
    ops = tuple(replace(op, name=EVIL, bound=EVIL, parts={EVIL: op.cycles}) for op in run.ops[:3])
    tracks = tuple(replace(interval, track=EVIL, name=EVIL, cause=EVIL) for interval in run.timeline[:3])
    figure = replace(run.provenance.figures[0], name=EVIL, text=EVIL, source=EVIL, note=EVIL)
    provenance = replace(run.provenance, workload={EVIL: EVIL}, figures=(figure,), version=EVIL)
    memory = tuple(replace(use, what=EVIL, note=EVIL) for use in run.memory)
    page = render_html(
        make(name=EVIL, title=EVIL, model={"name": EVIL, EVIL: EVIL}, ops=ops, timeline=tracks, memory=memory,
             provenance=provenance, not_modelled=(EVIL,), notes=(EVIL,))
    )  # fmt: skip
    seen = Seen(page)
    assert seen.tags.isdisjoint({"script", "img"})
    assert not any(name.startswith("on") for name, _ in seen.attributes)
    assert EVIL in seen.text


def test_all_sections_are_there_in_order(result: Result) -> None:
    order = [
        "answer",
        "bound",
        "time",
        "timeline",
        "memory",
        "roofline",
        "verification",
        "numbers",
        "limits",
        "again",
        "cost",
    ]
    assert re.findall(r'<section(?: class="\w+")? id="(\w+)"', render_html(result)) == order


def test_the_answers_are_said(result: Result) -> None:
    text = Seen(render_html(result)).text
    for words in ("156 ms", "132,660,788 cycles at 850 MHz", "1,574,663", "52.5 %", "for 2.22B tokens", "13.3 mJ",
                  "The bound is 68.5 ms", "44.2 KiB of 48.0 KiB", "Verification passed",
                  "2 of 10 layers", "overridden", "48,211 events", result.provenance.inputs_sha256):  # fmt: skip
        assert words in text


@pytest.mark.parametrize("with_metrics", [False, True])
def test_what_does_not_fit_shows_no_speed(
    make_unfit: Callable[..., Result], result: Result, with_metrics: bool
) -> None:
    parts = {"metrics": result.metrics, "ops": result.ops, "timeline": result.timeline} if with_metrics else {}
    text = Seen(render_html(make_unfit(**parts))).text
    assert SPEED.search(text) is None
    assert "It does not fit." in text
    assert "15.3 KiB more than the 46 KiB" in text
    assert "at most 21,504 tokens a sequence" in text
    assert "61.3 KiB of 48.0 KiB: 13.3 KiB over" in text


def test_a_failed_verification_is_plain_to_see(make: Callable[..., Result], result: Result) -> None:
    assert result.verification is not None
    failed = replace(result.verification, ok=False, max_error=float("nan"))
    assert "Verification FAILED: largest error nan" in Seen(render_html(make(verification=failed))).text


def test_no_verification_is_said(make: Callable[..., Result]) -> None:
    assert "Not checked in this run." in Seen(render_html(make(verification=None))).text


def test_only_the_last_section_varies_with_cost(make: Callable[..., Result]) -> None:
    slow = make(cost=SimulatorCost(events=48_211, cpu_s=9.75, peak_memory_bytes=1))
    first, second, bare = (render_html(run) for run in (make(), slow, make(cost=None)))
    assert first != second
    cut = '<section id="cost">'
    assert first.split(cut)[0] == second.split(cut)[0]
    assert cut not in bare
    assert first.split(cut)[0].rstrip() == bare.split("</main>")[0].rstrip()


def test_a_cause_has_one_colour_everywhere(result: Result) -> None:
    page = render_html(result)
    labels = dict(re.findall(r'<span class="key (c\d+)"></span>([^<]+)<', page))
    by_label: dict[str, str] = {}
    for style, label in re.findall(r'<span class="key (c\d+)"></span>([^<]+)<', page):
        assert by_label.setdefault(label, style) == style
    assert len(labels) == len(by_label)


def test_thousands_of_intervals_stay_small(make: Callable[..., Result]) -> None:
    tracks = ("memoryx", "swarmx down", "swarmx up", "wafer", "host")
    causes = ("compute", "weights", "gradients", "launch")
    timeline = tuple(
        Interval(track=track, name="x", start_s=i * 1e-5, end_s=i * 1e-5 + 9e-6, cause=causes[(i * 7 + i // 3) % 4])
        for track in tracks
        for i in range(3000)
    )
    page = render_html(make(timeline=timeline))
    drawn = page[page.index('id="timeline"') : page.index('id="memory"')]
    assert len(drawn.encode()) < 300_000
    assert len(page.encode()) < 600_000


def test_many_ops_are_summed_up(make: Callable[..., Result], result: Result) -> None:
    short: OpTime = replace(result.ops[0], seconds=1e-6)
    text = Seen(render_html(make(ops=(*result.ops[:16], *(replace(short, name=f"s{i}") for i in range(40)))))).text
    assert "40 shorter ops together" in text
    assert "s39" not in text


def test_a_machine_without_bandwidths_has_no_roof(make: Callable[..., Result]) -> None:
    page = render_html(make(machine={"name": "bare"}))
    assert 'id="roofline"' not in page


def test_a_result_with_the_least_in_it_still_shows(make: Callable[..., Result]) -> None:
    bare = make(status=Status.OK, placement=None, memory=(), ops=(), timeline=(), verification=None, not_modelled=(),
                notes=(), cost=None, machine={}, model={})  # fmt: skip
    assert "tokens per second" in Seen(render_html(bare)).text
