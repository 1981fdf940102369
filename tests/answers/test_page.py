import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wsesim.answer import Choice, Comparison, CoreMap, Curve, Interval, OpTime, Result, SimulatorCost, Sketch, Table
from wsesim.answers import render_comparison, render_result

EVIL = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>&amp; $x^{2}$"
EVIL_NAMES = st.text(alphabet=st.sampled_from("<>&\"'/-=$\x00\x1b\x9b\u202e script{}%#;"), min_size=1, max_size=12)
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


def test_a_page_runs_nothing_and_loads_nothing(any_result: Result) -> None:
    runs_nothing(render_result(any_result))


def test_a_comparison_runs_nothing_and_loads_nothing(comparison: Comparison) -> None:
    runs_nothing(render_comparison(comparison))


def runs_nothing(page: str) -> None:
    seen = Seen(page)
    assert seen.open == []
    assert seen.tags.isdisjoint({"script", "link", "img", "iframe", "object", "embed", "form", "base"})
    names = {name for name, _ in seen.attributes}
    assert not any(name.startswith("on") or name in ("src", "href", "srcset", "action") for name in names)
    links = [value or "" for name, value in seen.attributes if name == "xlink:href"]
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in links)
    assert "url(" not in re.sub(r"url\(#", "", page)
    assert "@import" not in page
    assert "default-src 'none'" in page


def test_ids_are_unique_and_references_resolve(any_result: Result) -> None:
    seen = Seen(render_result(any_result))
    ids = [value for name, value in seen.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    used = {(value or "")[1:] for name, value in seen.attributes if name == "xlink:href" and value and value[0] == "#"}
    used |= {found for _, value in seen.attributes for found in re.findall(r"url\(#([^)]*)\)", value or "")}
    assert used <= set(ids)


def evil(make: Callable[..., Result], words: str) -> Result:
    """Return a result in which everything that could be someone else's is *words*."""
    run = make()
    assert run.answer is not None
    ops = tuple(replace(op, name=words, bound=words, parts={words: op.cycles}) for op in run.answer.ops[:3])
    tracks = tuple(replace(part, track=words, name=words, cause=words) for part in run.answer.timeline[:3])
    figure = replace(run.provenance.figures[0], name=words, text=words, source=words, note=words)
    provenance = replace(run.provenance, workload={words: words}, figures=(figure,), version=words, unread=(words,))
    memory = tuple(replace(use, what=words, note=words) for use in run.answer.memory)
    curve = Curve(name=words, title=words, x_label=words, y_label=words, points=((0.0, 1.0), (1.0, 2.0)))
    core_map = CoreMap(name=words, title=words, unit=words, values=[[1.0, 2.0]])
    return make(
        name=words, title=words, provenance=provenance, notes=(words,),
        facts={words: {"name": words, words: words}, "machine": run.answer.facts["machine"]}, ops=ops, timeline=tracks,
        memory=memory, leaves_out=(words,), sentences=(words,),
        choices=(Choice(what=words, chosen=words, figure="step_s", value=1.0, others=((words, 2.0),)),),
        headline={"step_s": words},
        tables=(Table(name=words, title=words, columns=(words,), rows=((words,),)),),
        drawings=(curve, core_map, Sketch(name=words, title=words, lines=words)), files={words: lambda: b""},
    )  # fmt: skip


def test_what_a_user_typed_is_text(make: Callable[..., Result]) -> None:
    seen = Seen(render_result(evil(make, EVIL)))
    assert seen.tags.isdisjoint({"script", "img"})
    assert not any(name.startswith("on") for name, _ in seen.attributes)
    assert EVIL in seen.text


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=EVIL_NAMES)
def test_no_name_can_leave_its_place(make: Callable[..., Result], words: str) -> None:
    page = render_result(evil(make, words))
    seen = Seen(page)
    assert seen.open == []
    assert seen.tags.isdisjoint({"script", "img"})
    assert all(sign.isprintable() or sign in "\n\N{NO-BREAK SPACE}" for sign in page)


def test_all_sections_are_there_in_order(result: Result) -> None:
    order = ["headline", "bound", "time", "table-job", "timeline", "ops", "rooflines", "memory", "checks", "facts",
             "leaves-out", "notes", "provenance", "inputs", "cost"]  # fmt: skip
    assert re.findall(r'<section(?: class="\w+")? id="([\w-]+)"', render_result(result)) == order


def test_the_answers_are_said(result: Result) -> None:
    text = Seen(render_result(result)).text
    for words in ("156 ms", "132,660,788 cycles at 850 MHz", "1,574,663", "52.5 %", "13.3 mJ", "The bound is 68.5 ms",
                  "this step takes 156 ms", "44.2 KiB of 48.0 KiB", "Verification passed", "2 of 10 layers",
                  "overridden", "48,211 events", "hardware.core.queue_depth", "Time of a training step.",
                  result.provenance.inputs_sha256):  # fmt: skip
        assert words in text


def test_what_does_not_fit_shows_no_speed(misfit: Result) -> None:
    text = Seen(render_result(misfit)).text.replace("second on a fast machine", "")
    assert SPEED.search(text) is None
    assert "It does not fit." in text
    assert "15.3 KiB more than the 46 KiB" in text
    assert "at most 21,504 tokens a sequence" in text
    assert "61.3 KiB of 48.0 KiB: 13.3 KiB over" in text


def test_a_failed_verification_is_plain_to_see(make: Callable[..., Result], result: Result) -> None:
    assert result.verification is not None
    failed = replace(result.verification, ok=False, max_error=float("nan"))
    assert "Verification FAILED: largest error nan" in Seen(render_result(make(verification=failed))).text


def test_wrong_values_stand_at_the_top(kernel: Callable[..., Result]) -> None:
    text = Seen(render_result(kernel(right=False))).text
    assert text.index("computed on the way are WRONG") < text.index("1,234")
    assert "WRONG" not in Seen(render_result(kernel())).text


def test_no_verification_is_said(make: Callable[..., Result]) -> None:
    assert "Not checked in this run." in Seen(render_result(make(verification=None))).text


def test_only_the_last_section_varies_with_cost(make: Callable[..., Result]) -> None:
    slow = make(cost=SimulatorCost(events=48_211, cpu_s=9.75, peak_memory_bytes=1))
    first, second, bare = (render_result(run) for run in (make(), slow, make(cost=None)))
    assert first != second
    cut = '<section id="cost">'
    assert first.split(cut)[0] == second.split(cut)[0]
    assert cut not in bare
    assert first.split(cut)[0].rstrip() == bare.split("</main>")[0].rstrip()


def test_only_the_last_section_of_a_comparison_varies_with_cost(comparison: Comparison) -> None:
    slow = replace(comparison, cpu_s=dict.fromkeys(comparison.cpu_s, 99.0))
    first, second = render_comparison(comparison), render_comparison(slow)
    cut = '<section id="cost">'
    assert first != second
    assert first.split(cut)[0] == second.split(cut)[0]


def test_a_cause_has_one_colour_everywhere(result: Result) -> None:
    page = render_result(result)
    by_label: dict[str, str] = {}
    for style, label in re.findall(r'<span class="key (c\d+)"></span>([^<]+)<', page):
        assert by_label.setdefault(label, style) == style
    assert len(set(by_label.values())) == len(by_label)


def test_thousands_of_intervals_stay_small(make: Callable[..., Result]) -> None:
    tracks = ("memoryx", "swarmx down", "swarmx up", "wafer", "host")
    causes = ("compute", "weights", "gradients", "launch")
    timeline = tuple(
        Interval(track=track, name="x", start_s=i * 1e-5, end_s=i * 1e-5 + 9e-6, cause=causes[(i * 7 + i // 3) % 4])
        for track in tracks
        for i in range(3000)
    )
    page = render_result(make(timeline=timeline))
    drawn = page[page.index('id="timeline"') : page.index('id="memory"')]
    assert len(drawn.encode()) < 300_000
    assert len(page.encode()) < 600_000


def test_many_ops_are_summed_up(make: Callable[..., Result], result: Result) -> None:
    assert result.answer is not None
    short: OpTime = replace(result.answer.ops[0], seconds=1e-6)
    more = (*result.answer.ops[:16], *(replace(short, name=f"s{i}") for i in range(40)))
    text = Seen(render_result(make(ops=more))).text
    assert "40 shorter ops together" in text
    assert "s39" not in text


def test_a_machine_without_bandwidths_has_no_roof(make: Callable[..., Result]) -> None:
    assert 'id="rooflines"' not in render_result(make(facts={"machine": {"name": "bare"}}))


def test_an_answer_with_the_least_in_it_still_shows(make: Callable[..., Result]) -> None:
    bare = make(ops=(), timeline=(), memory=(), verification=None, leaves_out=(), notes=(), cost=None, facts={},
                tables=(), spent=None, bound=None, headline={}, sentences=())  # fmt: skip
    assert "tokens_per_s" in Seen(render_result(bare)).text


def test_the_kinds_of_drawing_are_there(cases: dict[str, Callable[[], Result]]) -> None:
    page = render_result(cases["kernel"]())
    assert page.count("<svg") == 3
    assert "a -&gt; b\n     v\n     c" in page
    assert "activity.gif" in page
    assert render_result(cases["serving"]()).count("<svg") == 2


def test_a_comparison_says_all_levels(comparison: Comparison) -> None:
    text = Seen(render_comparison(comparison)).text
    assert text.index("Measured steps support the system level.") < text.index("nothing played")
    for words in ("closed", "system", "cores", "156 ms", "180 ms", "−13.3 %", "waiting", "+4 ms", "stream-gemm 64x64",
                  "one step, from closed to system", "31 s", "1,000,000,000"):  # fmt: skip
        assert words in text
