import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from wsesim.study import Study, SweepTable, sweep
from wsesim.study.output import MOST_REASONS, MOST_ROWS, render_sweep

ONE = "vary: {hardware.core.sram: [2049 B, 4 KiB, 48 KiB]}\nfigures: [step_s, mfu]\n"
WORDS = "vary: {precision: [fp16, mixed]}\nfigures: [step_s]\n"
TWO = "vary: {cluster.systems: [1, 2, 193], batch.sequences: [4, 6]}\nfigures: [step_s, mfu]\n"
THREE = "vary: {cluster.systems: [1, 2, 193], batch.sequences: [4, 6], precision: [fp16, mixed]}\nfigures: [step_s]\n"


def page(study: Study) -> str:
    return render_sweep(sweep(study))


class Tags(HTMLParser):
    """Collects tags and attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


@pytest.mark.parametrize("text", [ONE, WORDS, TWO, THREE])
@pytest.mark.every(2)
def test_the_page_is_self_contained_and_the_same_every_time(study: Callable[[str], Study], text: str) -> None:
    found = page(study(text))
    assert found == page(study(text))
    tags = Tags(found)
    assert not {"script", "link", "img", "iframe", "object"} & set(tags.tags)
    assert not [value for name, value in tags.attributes if name in ("src", "href") and not value.startswith("#")]
    assert not [name for name, _ in tags.attributes if name.startswith("on")]
    ids = [value for name, value in tags.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    for used in re.findall(r"url\(#([^)]*)\)", found):
        assert used in ids
    assert not re.search(r"#0[0-9a-f]0[0-9a-f]0[0-9a-f]\b", found), "a stand-in colour was left"


def test_what_a_user_typed_is_escaped(study: Callable[[str], Study]) -> None:
    found = page(study(f"{ONE}question: '<script>alert(1)</script> & $x$ \"?'\n"))
    assert "<script>" not in found
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; $x$" in found


def test_the_page_names_what_it_rests_on(study: Callable[[str], Study]) -> None:
    found = study(f"{ONE}set: {{batch.sequences: 2048}}\nquestion: How much?\n")
    text = page(found)
    for part in ("<h1>How much?</h1>", found.inputs_sha256, found.base.title, "batch.sequences = 2,048",
                 "hardware.core.sram: 2049 B to 48 KiB, 3 values", "3 points, 1 does not fit"):  # fmt: skip
        assert part in text


def test_a_point_that_does_not_fit_is_marked_not_drawn(study: Callable[[str], Study]) -> None:
    text = page(study(ONE))
    drawings = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    assert len(drawings) == 2
    strip = re.compile(r"stroke: var\(--line\); stroke-width: 9")
    assert all(len(strip.findall(drawing)) == 1 for drawing in drawings)
    assert "Grey: 1 does not fit, of 3 points; why stands below." in text
    assert text.count("does not fit: ") == 1
    assert "<td>–</td>" in text


def test_cells_have_values_and_missing_ones_a_hatch(study: Callable[[str], Study]) -> None:
    text = page(study(TWO))
    drawings = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    assert len(drawings) == 2
    assert all("<pattern" in drawing for drawing in drawings)
    assert sum("%" in label for label in re.findall(r"<text[^>]*>([^<]*)</text>", drawings[1])) == 4
    assert "cannot be run: cluster.systems must be at most 192 on CS-2, got 193" in text
    assert "at cluster.systems = 193, batch.sequences = 4" in text


@pytest.mark.parametrize(("over", "points"), [
    ("batch.sequences: {from: 1, to: 30, by: 1}", 30),
    ("batch.sequences: {from: 1, to: 15, by: 1}, precision: [fp16, mixed]", 30),
])  # fmt: skip
@pytest.mark.every(2)
def test_a_point_that_was_not_answered_has_no_place_in_a_picture(
    study: Callable[[str], Study], over: str, points: int
) -> None:
    """Pruned, or left out: no mark, but how many there are and where the reasons stand."""
    table = sweep(study(f"vary: {{{over}}}\nfigures: [tokens_per_s]\npareto: tokens_per_s\nprune: true\n"
                        "require: ['batch.sequences > 2']\n"))  # fmt: skip
    text, count = render_sweep(table), table.count()
    assert min(count["pruned"], count["left_out"]) > 0
    said = f"Empty: {count['left_out']} left out, {count['pruned']} pruned, of {points} points; why stands below."
    assert said in text
    assert not re.search(r"Grey:|Hatched:|×<|stroke-width: 9|<pattern", text)
    assert all(row.figures["tokens_per_s"] is None for row in table.rows if row.pruned)


def test_a_third_parameter_makes_panels(study: Callable[[str], Study]) -> None:
    text = page(study(THREE))
    assert "precision: fp16" in text
    assert "precision: mixed" in text
    assert text.count("<svg") == 1


@pytest.mark.parametrize(
    "text",
    [
        "vary: {batch.sequences: [4]}\n",
        "vary: {batch.sequences: [4], precision: [fp16]}\n",
        "vary: {hardware.core.sram: [2049 B]}\n",
        "vary: {hardware.core.sram: [2049 B], precision: [fp16, mixed]}\nfigures: [recompute]\n",
        "vary: {batch.sequences: [8, 4, 6]}\nfigures: [gap.fmac, spent.input]\n",
        "vary: {model.causal: [true, false]}\nfigures: [mfu]\n",
        "vary: {model: [cerebras-gpt-111m, cerebras-gpt-256m, gpt2, gpt2-medium, gpt2-large]}\nfigures: [mfu]\n",
        "vary: {hardware.core.vector_launch_cycles: [0, 100]}\n",
        "vary: {hardware.core.sram: {from: 4 KiB, to: 48 KiB, steps: 5, scale: log}}\nfigures: [mfu]\n",
        "vary: {batch.sequences: {from: 1, to: 30, by: 4}, batch.length: {from: 1, to: 20, by: 5}}\nfigures: [mfu]\n",
    ],
)
@pytest.mark.nightly
def test_odd_studies_can_be_drawn(study: Callable[[str], Study], text: str) -> None:
    assert "<svg" in page(study(text))


def test_long_words_stand_beside_the_cells_not_below(study: Callable[[str], Study]) -> None:
    text = page(study("vary: {model: [cerebras-gpt-111m, gpt2], batch.sequences: [1, 2]}\nfigures: [mfu]\n"))
    assert 'aria-label="MFU over batch.sequences and model"' in text


@pytest.mark.nightly
def test_long_tables_are_cut_short(study: Callable[[str], Study]) -> None:
    table = sweep(study(ONE))
    rows = [replace(table.rows[0], why=f"reason {number}.") for number in range(MOST_ROWS + 7)]
    many = tuple(range(1, len(rows) + 1))
    axes = ((replace(table.study.parameters[0], name="batch.sequences", values=many),),)
    for number, row in enumerate(rows):
        rows[number] = replace(row, values={"batch.sequences": number + 1})
    text = render_sweep(SweepTable(study=replace(table.study, axes=axes), rows=tuple(rows)))
    assert "7 more rows in the other files" in text
    assert f"{MOST_ROWS + 7 - MOST_REASONS} more reasons in the other files" in text


def test_what_had_no_effect_stands_on_the_page(study: Callable[[str], Study]) -> None:
    text = page(study("vary: {hardware.fabric.colors: [8, 24]}\nfigures: [step_s]\nlevel: closed\n"))
    assert "Not read by this question: hardware.fabric.colors." in text
    assert "<dt>Level</dt><dd>closed</dd>" in text


def test_figures_are_explained(study: Callable[[str], Study]) -> None:
    assert "<dt>MFU</dt><dd>matrix FLOPs of the model (forward" in page(study(ONE))


def test_a_kind_of_its_own_has_a_page(toy_study: Callable[[str], Study]) -> None:
    text = page(toy_study("vary: {grid: [[4, 4], [8, 8]], cluster.systems: [1, 2]}\n"))
    assert text.count("<svg") == 2
    assert "8 x 8" in text
