"""Terms of closed forms: named, summing to the closed form, and where cores spend as many cycles, as many."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.cores.programs.cases import SMALL, WAFERS

from wsesim.cores import isa
from wsesim.cores.builder import Builder
from wsesim.cores.instruction import cycles_alone
from wsesim.cores.kit.named import BANKS, HOPS, LAUNCHES, SCALARS, STREAMING, Named, as_scalar_code, named, timed_alone
from wsesim.cores.kit.terms import TERMS, closed_terms
from wsesim.cores.programs import PROGRAMS, KernelCase
from wsesim.hardware import Wafer

WAFER = WAFERS[0]


def case_of(name: str, columns: int, rows: int, *shape: int, wafer: Wafer = WAFER) -> KernelCase:
    return KernelCase(program=PROGRAMS[name], wafer=wafer, grid=(columns, rows), shape=shape, options={})


@pytest.mark.parametrize("name", SMALL)
def test_terms_sum_to_the_closed_form(name: str) -> None:
    for each in SMALL[name]:
        for number in range(len(WAFERS)):
            case = each.case(name, number)
            terms = closed_terms(case)
            assert sum(terms.values()) == pytest.approx(case.closed(), rel=1e-12)
            assert all(cycles > 0 for cycles in terms.values())
            assert terms.keys() <= {term for names in TERMS.values() for term in names}


def test_a_broadcast_is_hops_ramps_and_what_streams() -> None:
    near, far = (closed_terms(case_of("broadcast", columns, 1, 7)) for columns in (5, 9))
    assert far == near | {HOPS: near[HOPS] + 4 * WAFER.fabric.hop_cycles}
    assert near[STREAMING] == 7


@pytest.mark.parametrize(
    ("name", "columns", "shape"), [("gelu", 1, (3, 5)), ("residual", 2, (4, 9)), ("rotary", 1, (3, 10))]
)
def test_where_cores_take_what_the_closed_form_says_its_terms_are_their_causes(
    name: str, columns: int, shape: tuple[int, ...]
) -> None:
    case = case_of(name, columns, 1, *shape)
    terms, path = closed_terms(case), case.load().run(path=True).path
    assert path is not None
    for cause, names in TERMS.items():
        assert sum(terms.get(term, 0) for term in names) == path.causes[cause]


def test_numbers_remember_through_sums_multiples_and_choices() -> None:
    fabric, core = named(WAFER).fabric, named(WAFER).core
    hop, launch = Named(fabric.hop_cycles), core.branch_taken_cycles
    assert float(hop) == WAFER.fabric.hop_cycles
    found: Any = 0.5 + max(3 * fabric.hop_cycles, 1) - 2 * launch + 8 / fabric.link_wavelets_per_cycle
    assert found.parts == {
        HOPS: 3 * WAFER.fabric.hop_cycles, SCALARS: -2 * WAFER.core.branch_taken_cycles, STREAMING: 8,
    }  # fmt: skip
    assert (-found).parts == {name: -part for name, part in found.parts.items()}
    assert len(range(fabric.ramp_cycles)) == WAFER.fabric.ramp_cycles


@pytest.mark.parametrize("bank", [0, 2])
def test_an_instruction_alone_knows_what_its_cycles_are(bank: int) -> None:
    wafer = named(replace(WAFER, core=replace(WAFER.core, vector_launch_cycles=3)))
    role = Builder(wafer, width=1, height=1).role("core")
    a, b = role.memory("a", 16, isa.F16, bank=0), role.memory("b", 16, isa.F16, bank=bank)
    role.vector(isa.ADD, a, a, b, kind=isa.F16)
    role.wait(5)
    vector, wait = role.instructions
    found = timed_alone(wafer, vector)
    assert found == cycles_alone(vector)
    assert found.parts[LAUNCHES] == 3
    assert (found.parts[BANKS] > 0) == (bank == 0)
    assert timed_alone(wafer, wait).parts == {SCALARS: 5, BANKS: 0}


def test_cycles_of_a_wafer_without_names_stay_what_they_are() -> None:
    assert type(as_scalar_code(WAFER, 7)) is int
    found: Any = as_scalar_code(named(WAFER), 7)
    assert found.parts == {SCALARS: 7}
