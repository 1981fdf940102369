"""Power from what is counted, a cap that lowers the clock, area and price, and what defects take away."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from wsesim import questions
from wsesim.answer import Answer, NotAnswered, Outcome
from wsesim.questions.shared.capped import CAUSE

GPT = {"layers": 4, "width": 1536, "heads": 12, "vocab": 5000, "max_length": 512}
LLAMA = {
    **GPT, "activation": "swiglu", "ffn_width": 4096, "norm": "rms_norm", "position": "rotary", "bias": False,
    "attention_bias": False, "tied": False, "kv_heads": 4,
}  # fmt: skip
CASES: Mapping[str, Mapping[str, Any]] = {
    "training": {"model": GPT, "batch": {"sequences": 256, "length": 512}},
    "decode": {"model": LLAMA, "inference": {"prompt": 300, "batch": 4, "placement": "blocks", "decode_grid": 300}},
}
DOUBLED = {"core.clock": "2.2 GHz"}


def outcome(phase: str, **hardware: object) -> Outcome:
    data = {**CASES[phase], "phase": phase, "cluster": "cs-2", "hardware": hardware}
    return questions.run(questions.ask(data, file="case", folder=Path()), verify=False).outcome


def answer(phase: str, **hardware: object) -> Answer:
    found = outcome(phase, **hardware)
    assert isinstance(found, Answer), found
    return found


def figure(found: Answer, name: str) -> float:
    return float(found.figures[name] or 0)


@pytest.fixture(scope="module")
def usual() -> Mapping[str, Answer]:
    return {phase: answer(phase) for phase in CASES}


@pytest.mark.parametrize("phase", CASES)
def test_twice_the_clock_does_not_halve_the_energy_and_half_the_voltage_quarters_what_goes_with_it(
    phase: str, usual: Mapping[str, Answer]
) -> None:
    own, fast = usual[phase], answer(phase, **DOUBLED)
    assert figure(fast, "energy_per_token_j") > 0.6 * figure(own, "energy_per_token_j")
    assert figure(fast, "power_w") > figure(own, "power_w") + 10_000
    assert any("stated at 1.1 GHz" in note for note in fast.notes)
    low = answer(phase, **{"energy.voltage": 0.5})
    assert figure(low, "power_w") - 3000 == pytest.approx((figure(own, "power_w") - 3000) / 4, rel=1e-3)
    assert own.spent == low.spent


def test_waiting_draws_what_idle_does_and_servers_stand_beside(usual: Mapping[str, Answer]) -> None:
    own, waiting = usual["training"], answer("training", **{"host.input": "10 kB/s"})
    assert figure(waiting, "power_w") == pytest.approx(figure(own, "idle_w"), rel=0.02)
    assert figure(own, "power_w") > 1.1 * figure(own, "idle_w")
    assert figure(own, "servers_w") == 8000
    table = next(table for table in own.tables if table.name == "power")
    *parts, total = (float(row[1]) for row in table.rows)  # type: ignore[arg-type]  # a number
    assert sum(parts) == pytest.approx(total) == pytest.approx(figure(own, "power_w"))
    assert "±" in own.headline["energy_per_token_j"]


@pytest.mark.parametrize("phase", CASES)
def test_a_power_cap_takes_time_as_a_cause_of_its_own(phase: str, usual: Mapping[str, Answer]) -> None:
    made = 0.9 * figure(usual[phase], "power_w")
    limits = {"energy.nameplate": f"{made} W", "energy.capped": True}
    found = answer(phase, **limits)
    assert found.spent is not None
    own = usual[phase].spent
    assert own is not None
    assert figure(found, "power_w") == pytest.approx(made, rel=2e-3)
    assert figure(found, "power_w") <= made
    assert found.spent.total_s == pytest.approx(own.total_s + found.spent.by_cause[CAUSE])
    assert {cause: found.spent.by_cause[cause] for cause in own.by_cause} == pytest.approx(own.by_cause)
    if found.bound is not None:
        assert found.bound.seconds + sum(found.bound.gap.values()) == pytest.approx(figure(found, "step_s"))


def test_a_cap_that_no_clock_keeps_is_no_answer() -> None:
    nowhere = outcome("training", **{"energy.nameplate": "5 kW", "energy.capped": True})
    assert isinstance(nowhere, NotAnswered)
    assert "5 kW at any clock" in nowhere.why


def test_a_cap_holds_at_any_clock_and_says_where_it_lowers_none() -> None:
    cap = {"energy.nameplate": "18 kW", "energy.capped": True}
    known, beyond = (answer("training", **cap, **{"core.clock": clock}) for clock in ("4.3 GHz", "9 GHz"))
    assert figure(beyond, "step_s") == pytest.approx(figure(known, "step_s"), rel=2e-3)
    assert figure(beyond, "power_w") <= 18_000
    wide = {"energy.nameplate": "1 MW", "energy.capped": True}
    below = answer("training", **wide)
    assert below.spent == answer("training").spent
    assert any("no more than the 1 MW" in note and "its clock stays" in note for note in below.notes)
    fastest = answer("training", **wide, **{"core.clock": "9 GHz"})
    assert any("lowered to 4.4 GHz, the fastest that power is known at" in note for note in fastest.notes)
    nothing = answer("training", **wide, **{"energy.voltage": 3})
    assert any("lowers no clock" in note for note in nothing.notes)


def test_above_the_nameplate_is_said_and_beyond_what_is_known_nothing_is() -> None:
    over = answer("training", **{"core.clock": "4 GHz"})
    assert any("is made for 23 kW" in note and "energy.capped" in note for note in over.notes)
    beyond = answer("training", **{"core.clock": "5 GHz"})
    assert beyond.figures["power_w"] is None
    assert "energy_per_token_j" not in beyond.headline
    assert any(note.startswith("No power, energy or price: core.clock is 4.55 times") for note in beyond.notes)


def test_a_system_is_paid_for_with_its_wafer_and_the_power_of_all(usual: Mapping[str, Answer]) -> None:
    own = figure(usual["decode"], "usd_per_million_tokens")
    wafer, system, free = (
        figure(answer("decode", **changed), "usd_per_million_tokens")
        for changed in ({"price.wafer_usd": 2 * 9346}, {"price.years": 6}, {"price.kwh_usd": 0})
    )
    assert own < wafer < 1.01 * own, "yield and wafer decide next to nothing"
    assert own / 2 < system < 0.55 * own
    assert free < own
    larger = answer("decode", **{"core.sram": "192 KiB"})
    area = next(row for table in larger.tables if table.name == "price" for row in table.rows)
    assert "more than the 46,225 mm2" in str(area[2])


def test_defects_beyond_the_spares_take_columns_and_time(usual: Mapping[str, Answer]) -> None:
    steps = [figure(answer("training", **{"die.defects_per_cm2": each}), "step_s") for each in (0, 8, 40, 80)]
    assert steps == sorted(steps)
    assert steps[0] == figure(usual["training"], "step_s") < steps[-1]
    many = answer("training", **{"die.defects_per_cm2": 40})
    assert any("cost the wafer" in note for note in many.notes)
    per_token = figure(many, "usd_per_million_tokens") / figure(usual["training"], "usd_per_million_tokens")
    assert per_token == pytest.approx(figure(many, "step_s") / figure(usual["training"], "step_s"), rel=0.02)
