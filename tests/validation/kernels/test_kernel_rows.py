"""Every row that comes with the package: a question like any other, whose answer is the row's simulated figure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.rows import TOGETHER

from wsesim import questions
from wsesim.measured import read_rows, text_of
from wsesim.units import shape_of
from wsesim.validation.asking import NotAsked
from wsesim.validation.kept import KERNELS, kept_kernels
from wsesim.validation.kernels import KernelRow, KernelScore, KernelValidation, read_kernel_table, show_row
from wsesim.validation.kernels.registry import FAMILIES, ask_row, family_of, why_outside
from wsesim.yamlfile import read_yaml

pytestmark = TOGETHER
LONG = {"mgemm", "red1d", "sgemm", "wl-gemv", "wsfft"}
"""Families whose rows take a second or more each: their files are compared, not answered once more."""
EACH = 12
"""Of so many rows one is answered once more, by the road of its file."""
ROWS = {row.id: row for row in read_kernel_table()}


def named(name: str, **change: object) -> KernelRow:
    return replace(ROWS[name], **change)  # type: ignore[arg-type]


def figure(row: KernelRow) -> float:
    """Return the row's figure by the road of any file."""
    asked = ask_row(row)
    question = questions.ask(asked.data, file="row", folder=Path())
    value = questions.run(question, level=asked.level, verify=False).figures[asked.figure]
    assert value is not None
    return asked.to_unit(value)


def test_every_row_is_the_figure_of_the_file_that_it_is_shown_as(
    scores: dict[str, KernelScore], tmp_path: Path
) -> None:
    file = tmp_path / "row.yaml"
    for place, row in enumerate(ROWS.values()):
        score = scores[row.id]
        if score.simulated is None:
            continue
        file.write_text(show_row(row), "utf-8")
        asked = ask_row(row)
        written = read_yaml(file).data
        shapes = {key: shape_of(str(written[key])) for key in ("grid", "shape") if key in written}
        assert written | shapes == asked.data
        if score.family not in LONG and place % EACH == 0:
            result = questions.run(questions.load(file), level=asked.level, verify=False)
            value = result.figures[asked.figure]
            assert value is not None
            assert asked.to_unit(value) == score.simulated, row.id


def test_a_row_shown_says_what_it_is_and_what_was_assumed() -> None:
    text = show_row(named("wl-gemv-16k"))
    for part in (
        "Row wl-gemv-16k: measured ",
        "`wsesim run FILE` gives time_s",
        "no grid is stated: taken as 720 x 720",
    ):
        assert part in " ".join(text.replace("#", " ").split()), part
    assert "--level closed" in show_row(named("sgemm-33k"))


RUN = {
    "red1d": 4, "st1c": 28, "fmacs": 7, "mic": 43, "st2d": 114, "cst": 3, "st25": 2, "spmm": 66, "summa": 5,
    "mgemm": 75, "wl-gemv": 2, "sgemm": 1, "wsfft": 2, "wl": 16, "sdkfft": 0,
}  # fmt: skip


def test_every_row_that_can_be_is_asked(scores: dict[str, KernelScore]) -> None:
    found = {family.name: 0 for family in FAMILIES}
    for score in scores.values():
        found[score.family] = found.get(score.family, 0) + (score.simulated is not None)
        assert (score.simulated is None) == bool(score.reason), score.id
    assert found == {**RUN, "no family": 0}


def test_goals_are_met_but_where_it_is_said_what_is_missing(scores: dict[str, KernelScore]) -> None:
    for group in KernelValidation(scores=tuple(scores.values())).summary():
        assert group.met is not False or group.missing, group
        if group.family not in ("mgemm", "mic"):
            assert group.met is not False, group


def test_one_cell_is_a_cycle_off_at_most(scores: dict[str, KernelScore]) -> None:
    for score in scores.values():
        if score.family == "st1c":
            assert score.simulated is not None
            assert abs(score.simulated - score.measured) <= 1 + 1e-9, score.id


@pytest.mark.parametrize("generation", ["WSE-2", "WSE-3"])
def test_tiles_that_had_no_part_in_the_constants_are_met_as_well(
    scores: dict[str, KernelScore], generation: str
) -> None:
    errors = []
    for row in ROWS.values():
        if scores[row.id].family == "st2d" and row.machine.startswith(generation):
            width, height = row.found(r"tile (\d+)x(\d+)").groups()
            error = scores[row.id].error
            assert error is not None
            errors += [abs(error)] if width != height else []
    errors.sort()
    assert len(errors) >= 8
    assert errors[len(errors) // 2] <= 0.02
    assert errors[-1] <= 0.08


def test_what_a_mesh_core_computes_by_itself_is_met(scores: dict[str, KernelScore]) -> None:
    rows = [row for row in ROWS.values() if scores[row.id].family == "mgemm" and "disabled" in row.params]
    assert len(rows) == 3
    values = {row.whole("L"): scores[row.id].simulated or 0.0 for row in rows}
    wanted = {row.whole("L"): row.value for row in rows}
    assert values[2] - values[1] == pytest.approx(wanted[2] - wanted[1], rel=0.005)
    assert values[0] == pytest.approx(wanted[0], rel=0.03)


def test_the_published_cube_of_512_is_met() -> None:
    published_us, clock_mhz = 959, 850  # abstract of arXiv 2209.15040
    large = named("wsfft-64", columns=512, rows=512, params="512^3")
    assert figure(large) == pytest.approx(published_us * clock_mhz, rel=0.05)


def test_the_mean_over_cores_lies_between_two_numbers_of_values() -> None:
    name = "spmm-csc-64x12-768x768-m132-d10"  # 76.8 values a core
    less, more = (
        named(name, params=ROWS[name].params.replace("density 10%", f"density {percent}%"))
        for percent in (9.8958, 10.0261)
    )
    assert figure(less) < figure(ROWS[name]) < figure(more)


def test_a_box_is_slower_than_a_star() -> None:
    star, box, wide = (named("cst-star1-1", algorithm=f"{kind}: ...") for kind in ("star r=1", "box r=1", "star r=2"))
    assert ask_row(box).level == "closed"
    assert figure(star) < min(figure(box), figure(wide))


def test_a_grid_that_is_stated_is_taken() -> None:
    smaller = named("wl-gemv-16k", columns=360, rows=360)
    assert ask_row(smaller).note == ""
    assert figure(smaller) > figure(ROWS["wl-gemv-16k"])


def test_models_on_other_grids_and_lengths_are_understood() -> None:
    small, large = (named("wl-dec-llama3-8b-420", columns=side, rows=side) for side in (360, 720))
    assert figure(small) > figure(large), "a token takes longer on a larger square"
    assert figure(named("wl-dec-llama3-8b-420", params="LLaMA2-13B;2048-token context")) > 0


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("mgemm-p3-m3-l0", {"rows": 5}, "not a square"),
        ("mgemm-p3-m3-l0", {"params": "Mt=1;Kt=8;Nt=8;mode L=3"}, "no mode is known as L=3"),
        ("mgemm-p3-m3-l0", {"params": "Kt=8;Nt=8;mode L=1"}, "params give no Mt"),
        ("wl-gemv-16k", {"params": "a vector and a matrix"}, "params say nothing like"),
        ("wl-gemv-16k", {"clock_hz": None}, "the clock is not stated"),
        ("sgemm-33k", {"columns": None}, "the row gives no grid"),
        ("wsfft-32", {"precision": "f16 complex"}, "fp32"),
        ("wsfft-32", {"rows": 16}, "one for each pencil"),
        ("spmm-sim-gemm-64-m32-mem", {}, "short loop once its arithmetic is taken out"),
        ("sdk-gemv-4x4", {}, "what the host streams in and out"),
        ("sdk-gemvc-4x4", {}, "how the library scatters and gathers"),
        ("sdk-summa-p4-14", {"params": "P=4"}, "params give no Mt"),
        ("st2d-wse3-r1-t1x1-g3x3", {"columns": None}, "no grid"),
        ("cst-star1-1", {"algorithm": "other"}, "neither star nor box"),
        ("wl-pre-llama3-8b-480", {"params": "Some-1B;9-token context"}, "no shape of a model"),
        ("wl-pre-llama3-8b-480", {"params": "LLaMA3-8B"}, "say nothing like"),
        ("wl-pre-llama3-8b-480", {"rows": 3}, "not a square"),
        ("wl-pre-llama3-8b-480", {"unit": "s"}, "without the clock"),
        ("mic-relay-n1-b64", {"params": "N=0 relays;B=4 words"}, "0 relays are none or too many"),
        ("mic-copy-f16-sim", {"precision": "i8"}, "no elements of the type 'i8'"),
        ("mic-msg-dispatch-to-first-wavelet", {"metric": "time"}, "no part of a message is known as"),
        ("fmacs-5124-slow", {"algorithm": "class 'odd'"}, "no alignment is known as"),
        ("mic-fma16-4096-dsd", {"algorithm": "by hand"}, "no loop is known as"),
        ("mic-copy-f16-sim", {"machine": "WSE-9 silicon"}, "no machine like"),
    ],
)
def test_what_a_row_must_say_is_named(name: str, change: dict[str, object], reason: str) -> None:
    with pytest.raises(NotAsked, match=reason):
        ask_row(named(name, **change))


def test_no_row_is_of_two_families_and_rows_of_none_have_a_reason() -> None:
    names = [family.name for family in FAMILIES]
    assert len(names) == len(set(names))
    for row in ROWS.values():
        assert sum(family.matches(row) for family in FAMILIES) == (family_of(row) is not None), row.id
        if family_of(row) is None:
            assert why_outside(row)
    launch = next(row for row in ROWS.values() if row.id.startswith("mic-launch-note"))
    assert "host transfers" in why_outside(launch)


def test_kernels_are_kept_as_they_are_scored(scores: dict[str, KernelScore]) -> None:
    kept = [row for row in read_rows() if row.traits.kind in KERNELS]
    assert text_of(kept) == text_of(kept_kernels(ROWS.values(), scores.values()))
