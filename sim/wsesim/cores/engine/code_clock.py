"""The clock of cores that run compiled code: that of `clock`, with other rules."""

from __future__ import annotations

from wsesim.cores.engine.clock import is_idle, run
from wsesim.cores.engine.code_issue import complete_code, issue_code
from wsesim.cores.engine.code_routes import collect, count, obey, passes, take_command
from wsesim.cores.engine.code_run import go_on_code
from wsesim.cores.engine.compiling import called, inlined
from wsesim.cores.engine.router import forward
from wsesim.cores.engine.words import Int
from wsesim.cores.state import State


@inlined
def _nobody(core: Int, number: Int, port: Int, now: Int, state: State) -> bool:
    """What leaves the rectangle is gone; before a router that does not know its color a wavelet waits."""
    outside = (state.cores[core]["edges"] >> port) & 1
    if outside:
        state.code_state.meter[0]["dropped"] += 1
    return bool(outside)


@inlined
def _route(core: Int, now: Int, state: State) -> Int:
    """One cycle of a router."""
    return forward(core, now, state, passes, count, take_command, obey, _nobody, collect)


@inlined
def _rests(core: Int, state: State) -> bool:
    """Whether a program has nothing under way and nothing to begin, a function that the host launched neither."""
    return bool(state.code_state.cells[core]["waiting"] == 0 and is_idle(core, state))


@inlined
def _tells(state: State) -> bool:
    """Whether somebody outside has to take or to answer what was said."""
    meter, code = state.code_state.meter[0], state.code_state
    many = meter["collected"] > len(code.collected) // 2 or meter["notes"] > len(code.notes) // 2
    return bool(many or meter["requests"] > 0)


@called
def run_code_cycles(until: Int, state: State) -> Int:
    """Run as `clock.run_cycles` does."""
    return run(until, state, _route, complete_code, go_on_code, issue_code, _rests, _tells)
