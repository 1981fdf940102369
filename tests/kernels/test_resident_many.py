"""Many rectangles at once cost what each costs alone."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.hardware import load_cluster
from wsesim.kernels.counts import chosen, exactly, largest, up
from wsesim.kernels.resident import TABLED, Rectangle, map_cycles
from wsesim.kernels.resident_graph import resident_model
from wsesim.kernels.resident_many import ChunkSteps, Rectangles, TokenSteps
from wsesim.kernels.resident_ops import ChunkStep, TokenStep, resident_cost
from wsesim.model import load_preset
from wsesim.software import load_software

MODELS = ("llama-3-8b", "cerebras-gpt-111m", "mixtral-8x7b", "bert-large")
MACHINES, STACKS = st.sampled_from(["cs-2", "cs-3"]), st.sampled_from(["waferllm", "waferengine"])
SIZES = st.lists(st.tuples(st.integers(1, 700), st.integers(1, 900)), min_size=1, max_size=6)
STEPS = st.one_of(
    st.builds(TokenStep, positions=st.integers(1, 3000), batch=st.integers(1, 70)),
    st.builds(ChunkStep, tokens=st.integers(1, 600), start=st.integers(0, 900), block=st.integers(1, 600)),
)


def rectangle(kind: type[Rectangle], machine: str, stack: str, columns: Any, rows: Any) -> Rectangle:
    wafer, software = load_cluster(machine).cluster.wafer, load_software(stack).for_inference()
    return kind(wafer=wafer, columns=columns, rows=rows, software=software)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(MODELS), MACHINES, STACKS, SIZES, STEPS)
def test_many_rectangles_cost_what_each_does(
    model: str, machine: str, stack: str, sizes: list[tuple[int, int]], step: TokenStep | ChunkStep
) -> None:  # fmt: skip
    laid = resident_model(load_preset(model))
    columns, rows = (np.array(axis) for axis in zip(*sizes, strict=True))
    many = rectangle(Rectangles, machine, stack, columns, rows)
    for op in (*laid.embed, *laid.layer, *laid.head):
        found = resident_cost(op, many, step).serial
        for number, (wide, high) in enumerate(sizes):
            alone = resident_cost(op, rectangle(Rectangle, machine, stack, wide, high), step).serial
            for cause, cycles in found.items():
                here = np.broadcast_to(cycles, len(sizes))[number]
                assert here == pytest.approx(alone.get(cause, 0.0), rel=1e-12), (op.name, cause, wide, high)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(MODELS), MACHINES, STACKS, SIZES, st.lists(STEPS, min_size=1, max_size=5))
def test_many_steps_cost_what_each_does(
    model: str, machine: str, stack: str, sizes: list[tuple[int, int]], steps: list[TokenStep | ChunkStep]
) -> None:  # fmt: skip
    tokens = [step for step in steps if isinstance(step, TokenStep)]
    chunks = [step for step in steps if isinstance(step, ChunkStep)]
    columns, rows = (np.array(axis) for axis in zip(*sizes, strict=True))
    many = rectangle(Rectangles, machine, stack, columns, rows)
    for op in resident_model(load_preset(model)).layer:
        kinds: Any = ((tokens, TokenSteps.of(tokens)), (chunks, ChunkSteps.of(chunks)))
        for alike, together in kinds:
            found = resident_cost(op, many, together).serial if alike else {}
            for number, step in enumerate(alike):
                alone = resident_cost(op, many, step).serial
                for cause, cycles in found.items():
                    here = np.broadcast_to(cycles, (len(alike), len(sizes)))[number]
                    assert here.tolist() == np.broadcast_to(alone[cause], len(sizes)).tolist(), (op.name, cause, step)


@settings(deadline=None, max_examples=20)
@given(st.sampled_from((*MODELS, "gemma-2-9b")), MACHINES, STACKS, st.tuples(st.integers(1, 700), st.integers(1, 900)),
       STEPS)  # fmt: skip
def test_ops_that_do_not_meet_the_cache_cost_the_same_whatever_is_cached(
    model: str, machine: str, stack: str, size: tuple[int, int], step: TokenStep | ChunkStep
) -> None:  # fmt: skip
    laid, where = resident_model(load_preset(model)), rectangle(Rectangle, machine, stack, *size)
    for op in (op for op in (*laid.embed, *laid.layer, *laid.dense) if not op.meets_cache):
        assert resident_cost(op, where, step) == resident_cost(op, where, step.alone), op.name
    assert {op.kind for op in laid.layer if op.meets_cache} >= {"scores", "softmax", "weighted_sum"}


def test_sums_of_many_are_rounded_once_as_those_of_each() -> None:
    many = exactly([np.array([0.1, 1e16]), 0.2, np.array([0.3, 1.0])])
    assert many.tolist() == [exactly([0.1, 0.2, 0.3]), exactly([1e16, 0.2, 1.0])]
    assert exactly([0.1, 0.2, 0.3]) == 0.6


def test_lengths_beyond_the_table_are_counted() -> None:
    where = rectangle(Rectangle, "cs-3", "waferllm", 10, 10)
    lengths: Any = np.array([1, 7, 8, TABLED, TABLED + 3])
    found: Any = map_cycles(where, 3, lengths)
    assert found.tolist() == [map_cycles(where, 3, int(length)) for length in lengths]


def test_numbers_stay_numbers() -> None:
    assert (up(7, 2), largest(1, 2), chosen(True, 3, 4), chosen(False, 3, 4)) == (4, 2, 3, 4)
    assert chosen(np.array([True, False]), 3, 4).tolist() == [3, 4]
