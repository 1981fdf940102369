"""Measured rows of inference: what they ask, and how near the answers come."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import pytest

from wsesim.validation import naive
from wsesim.validation.asking import NotAsked, RowQuestion, figures_of
from wsesim.validation.groups import group_of
from wsesim.validation.rows import Measurement, read_table
from wsesim.validation.score import ask_row

ReadRow = Callable[..., Measurement]
GOALS = {
    "prefill": (0.06, 0.12), "decode": (0.03, 0.06), "teacher-forced": (0.05, 0.06), "end to end": (0.08, 0.10),
    "operator": (0.04, 0.05), "host I/O": (0.02, 0.03),
}  # fmt: skip
"""Median and worst error that is accepted."""


def rows() -> list[Measurement]:
    return [row for row in read_table() if row.id.startswith(("WLLM", "WENG"))]


def row_named(start: str) -> Measurement:
    return next(row for row in read_table() if row.id.startswith(start))


def simulated(asked: RowQuestion) -> float:
    return asked.value(figures_of(asked))


def test_every_measured_row_is_predicted_within_the_goals() -> None:
    errors = defaultdict(list)
    for row in rows():
        asked = ask_row(row)
        measured = row.value if asked.to_unit.unit == row.unit else row.number("device_cycles")
        assert measured is not None
        errors[group_of(row).partition(" ")[2]].append(abs(simulated(asked) / measured - 1))
    assert set(errors) == set(GOALS)
    for group, found in errors.items():
        assert median(found) <= GOALS[group][0], group
        assert max(found) <= GOALS[group][1], group


def _apart_from_its_name(asked: RowQuestion) -> RowQuestion:
    return replace(asked, data={key: value for key, value in asked.data.items() if key != "name"})


def test_no_id_is_looked_up() -> None:
    for row in rows():
        if "teacher-forced" not in row.cells["phase"]:
            renamed = ask_row(replace(row, id="x"))
            assert _apart_from_its_name(renamed) == _apart_from_its_name(ask_row(row))


@pytest.mark.parametrize(
    ("start", "changes", "reason"),
    [
        ("WLLM-prefill", {"notes": "heads simplified"}, "not on which cores"),
        ("WLLM-prefill", {"layers": ""}, "gives no layers"),
        ("WLLM-prefill", {"seq_len": ""}, "gives no seq_len"),
        ("WLLM-prefill", {"n_systems": "-1"}, "n_systems = '-1' is not a whole number"),
        ("WLLM-prefill", {"phase": "prefill on the moon"}, "not a phase"),
        ("WLLM-e2e", {"phase": "prefill+decode", "seq_len": "", "n_heads": ""}, "gives no n_heads"),
        ("WLLM-gemv", {"model": "GEMM"}, "not an operator"),
        ("VEN-K26", {}, "gives no layers"),
    ],
)
def test_what_cannot_be_asked_says_why(start: str, changes: dict[str, str], reason: str) -> None:
    row = row_named(start)
    with pytest.raises(NotAsked, match=reason):
        ask_row(replace(row, cells={**row.cells, **changes}))


@pytest.mark.parametrize("start", ["WLLM-decode", "WENG-kvin", "VEN-L31-8B"])
def test_an_unknown_unit_says_so(start: str) -> None:
    with pytest.raises(NotAsked, match="is not a figure of"):
        ask_row(replace(row_named(start), unit="joule"))


def test_layers_alone_are_asked_on_their_squares() -> None:
    asked = ask_row(row_named("WLLM-e2e-LLaMA3-8B-2048-128"))
    assert (asked.figure, asked.level, asked.data["phase"]) == ("total_s", "system", "generate")
    assert asked.data["inference"] == {
        "prompt": 2048, "generate": 128, "placement": "whole", "prefill_grid": 660, "decode_grid": 360, "chunk": 2176,
        "wafers": 1, "ends": False, "must_fit": False,
    }  # fmt: skip
    assert asked.data["model"]["kv_heads"] == asked.data["model"]["heads"] == 32
    assert (asked.data["software"], asked.data["hardware"]) == ("waferllm", {"core.clock": "1.1 GHz"})
    assert asked.note


def test_blocks_are_stages_of_whole_models() -> None:
    asked = ask_row(row_named("WENG-S6a-8192-reuse25"))
    assert asked.data["inference"] == {
        "prompt": 8192, "placement": "blocks", "prefill_grid": 256, "chunk": 256, "stages": 8, "wafers": 1,
        "reused": 2048,
    }  # fmt: skip
    assert (asked.data["software"], asked.data["model"]["head_norm"]) == ("waferengine", True)


def test_tokens_known_before_are_those_of_a_range() -> None:
    asked = ask_row(row_named("WENG-E9-forced-512-1024"))
    assert asked.figure == "interval_s"
    assert {name: asked.data["inference"][name] for name in ("prompt", "generate")} == {"prompt": 512, "generate": 512}


def test_an_operator_is_a_kernel_in_a_loop() -> None:
    row = row_named("WLLM-gemv-16384")
    asked = ask_row(row)
    assert asked.data["kernel"] == "decode-product"
    assert (asked.data["grid"], asked.data["shape"]) == ([720, 720], [16384, 16384])
    assert asked.data["options"] == {"broadcast": "overlapped"}
    assert asked.data["silicon"] is True
    assert "software" not in asked.data
    more = ask_row(row, {"inference.round_cycles": 55, "silicon.scalar_slowdown": 2})
    less = ask_row(row, {"inference.round_cycles": 45, "silicon.scalar_slowdown": 2})
    assert simulated(more) - simulated(less) == pytest.approx(2 * 10)


def test_served_speed_is_predicted_with_what_was_assumed() -> None:
    asked = ask_row(row_named("VEN-L31-8B"))
    assert simulated(asked) > 0
    assert asked.data["software"] == "served-2024-08"
    assert "positions cached" in asked.note
    later = ask_row(row_named("VEN-L31-405B"))
    assert (later.data["software"], later.data["inference"]["draft_tokens"]) == ("served-2024-10", 4)
    assert "4 tokens guessed ahead (assumed)" in later.note


def test_the_baseline_of_a_token_by_hand() -> None:
    """Weights of the layers, 2 bytes each, at 16 bytes a core and cycle."""
    weights = 32 * 4096 * (4 * 4096 + 3 * 14336)
    found = naive.value_of(ask_row(row_named("WLLM-decode-LLaMA3-8B-420")))
    assert found == pytest.approx(2 * weights / (16 * 420**2))


def test_the_baseline_of_a_prompt_by_hand() -> None:
    """A quarter of four multiply-accumulates a core and cycle."""
    products = 32 * 4096 * 4096 * (4 * 4096 + 3 * 14336)
    found = naive.value_of(ask_row(row_named("WLLM-prefill-LLaMA3-8B-480")))
    assert found is not None
    assert 1 < found / (products / (4 * 480**2) / 0.25) < 1.2


def test_other_figures_of_the_software_change_what_they_should() -> None:
    token, layers = row_named("WENG-E1"), row_named("WLLM-decode")
    token = replace(token, cells={**token.cells, "device_cycles": ""})
    slow = {"inference.token_turn": "150 us"}
    assert simulated(ask_row(token, slow)) - simulated(ask_row(token)) == pytest.approx(75)
    assert simulated(ask_row(layers, slow)) == simulated(ask_row(layers))


def test_down_to_a_host_is_another_way_than_up() -> None:
    row = row_named("WENG-kvin-4096")
    assert simulated(ask_row(replace(row, metric="wafer-to-host KV download"))) > simulated(ask_row(row))
