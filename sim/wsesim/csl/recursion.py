"""Functions that call themselves, at once or through others: what they still need is kept on a stack meanwhile.

A core has no stack, and a function's registers are its own. Where a call goes back into a function that has not ended,
every register that functions of the circle read after such calls is stored behind the variables, and loaded afterwards;
of a call that a function ends with, that is no more than where it returns to.
"""

from __future__ import annotations

from wsesim.csl.code import ClassCode, Label, StepDraft
from wsesim.csl.frame import Lowered
from wsesim.csl.image import Operation, Type
from wsesim.csl.liveness import live_after

Steps = list[StepDraft | Label]
WORDS = 4
"""Of a register on the stack."""


def with_stack(code: ClassCode, functions: list[tuple[Lowered, Steps]]) -> int:
    """Put loads and stores around calls that go back; the register that points to the stack's end, or -1."""
    if not any(isinstance(step, StepDraft) and step.goes_back for _, steps in functions for step in steps):
        return -1
    pointer = code.register()
    owner = {id(lowered.entry): index for index, (lowered, _) in enumerate(functions)}
    calls = [_calls(steps, owner) for _, steps in functions]
    circles = _circles([{target for _, target in found} for found in calls])
    for index, (_, steps) in enumerate(functions):
        if any(isinstance(step, StepDraft) and step.goes_back for step in steps):
            circle = [other for other in range(len(functions)) if circles[other] == circles[index]]
            kept = _kept(functions, calls, circle)
            steps[:] = _around(steps, sorted(kept), pointer, code)
    return pointer


def _calls(steps: Steps, owner: dict[int, int]) -> list[tuple[int, int]]:
    """Where a function calls which others."""
    return [
        (position, owner[id(step.n)])
        for position, step in enumerate(steps)
        if isinstance(step, StepDraft) and step.op == Operation.CALL and id(step.n) in owner
    ]


def _kept(functions: list[tuple[Lowered, Steps]], calls: list[list[tuple[int, int]]], circle: list[int]) -> set[int]:
    kept: set[int] = set()
    results = {functions[index][0].result_register for index in circle}
    for index in circle:
        steps = functions[index][1]
        after = live_after(steps)
        written = {step.d for step in steps if isinstance(step, StepDraft)}
        written |= {functions[index][0].link, *functions[index][0].received()}
        for position, target in calls[index]:
            if target in circle:
                kept |= {register for register in written if register >= 0 and after[position] >> register & 1}
    return kept - results


def _around(steps: Steps, kept: list[int], pointer: int, code: ClassCode) -> Steps:
    found: Steps = []
    size = code.number(WORDS * len(kept))
    for step in steps:
        if not (isinstance(step, StepDraft) and step.goes_back):
            found.append(step)
        elif step.op == Operation.CALL:
            found.append(step)
            found.append(StepDraft(Operation.SUB, step.at, d=pointer, a=pointer, b=size))
            for place, register in enumerate(kept):
                found.append(StepDraft(Operation.LOAD, step.at, Type.U64, d=register, a=pointer, n=WORDS * place))
        else:
            for place, register in enumerate(kept):
                found.append(StepDraft(Operation.STORE, step.at, Type.U64, a=pointer, b=register, n=WORDS * place))
            found.append(StepDraft(Operation.ADD, step.at, d=pointer, a=pointer, b=size))
    return found


def _circles(edges: list[set[int]]) -> list[int]:
    """A number for each function, equal for those that reach each other."""
    reach = [set(targets) for targets in edges]
    changed = True
    while changed:
        changed = False
        for found in reach:
            more = set().union(*(reach[target] for target in found)) if found else set()
            if not more <= found:
                found |= more
                changed = True
    numbers = list(range(len(edges)))
    for index in range(len(edges)):
        for other in range(index):
            if other in reach[index] and index in reach[other]:
                numbers[index] = numbers[other]
                break
    return numbers
