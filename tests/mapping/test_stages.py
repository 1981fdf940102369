"""What a stage streams, how long it computes, and why."""

from collections import Counter
from collections.abc import Callable

import pytest

from wsesim.mapping import Program, StepRequest, lay
from wsesim.model import load_preset, model_names

MakeRequest = Callable[..., StepRequest]


def _program(request: StepRequest, passes: int = 1) -> Program:
    return lay(request, passes=passes, recompute={"always": 1, "never": 0}.get(request.recompute, 2.4))


@pytest.fixture(params=["never", "always", "auto"])
def program(request: pytest.FixtureRequest, request_of: MakeRequest) -> Program:
    return _program(request_of(sequences=24, length=512, recompute=request.param), passes=3)


def test_blocks_run_forward_and_come_back(program: Program) -> None:
    order = [(stage.block, stage.phase, stage.repeat) for stage in program.groups[0].stages]
    forward = [("embed", "forward", 1), ("layer", "forward", 12), ("head", "forward", 1)]
    back = [(block, "backward", repeat) for block, _, repeat in reversed(forward)]
    again = [("layer", "recompute", 7)] if program.placement.recompute > 1 else []  # 5 of 12 inputs are kept
    assert order == forward + back[:1] + again + back[1:]


def test_a_stage_takes_as_long_as_its_kernels_and_their_launches(program: Program) -> None:
    software, clock_hz = program.software, program.cluster.wafer.core.clock_hz
    for stage in program.groups[0].stages:
        launched = sum(kernel.phase == stage.phase for kernel in stage.kernels)
        cycles = sum(kernel.cycles for kernel in stage.kernels)
        assert stage.compute_s == pytest.approx(cycles / clock_hz + launched * software.kernel_launch_s)


def test_a_kernel_adds_up_over_the_step(program: Program) -> None:
    clock_hz = program.cluster.wafer.core.clock_hz
    for stage in program.groups[0].stages:
        for kernel in stage.kernels:
            assert kernel.calls == stage.repeat
            assert kernel.seconds == pytest.approx(kernel.cycles * kernel.calls / clock_hz)
            assert sum(kernel.parts.values()) == pytest.approx(kernel.cycles)
            assert kernel.phase in (stage.phase, "recompute", "strips")


def test_the_causes_are_the_compute_of_the_step(program: Program) -> None:
    compute_s = program.placement.passes * sum(stage.repeat * stage.compute_s for stage in program.groups[0].stages)
    assert sum(program.causes.values()) == pytest.approx(compute_s)
    assert min(program.causes.values()) >= 0
    assert program.causes["strips"] > 0
    assert (program.causes.get("recompute", 0) > 0) == (program.placement.recompute > 0)


def _bytes(program: Program, phase: str) -> dict[str, tuple[int, int]]:
    stages = [stage for stage in program.groups[0].stages if stage.phase == phase]
    return {stage.block: (stage.weight_bytes, stage.gradient_bytes) for stage in stages}


def test_bytes_by_hand(request_of: MakeRequest) -> None:
    program = _program(request_of(sequences=8, recompute="never"))
    w, vocab = 768, 50257
    matrices, biases, norms = 12 * w * w, 9 * w, 4 * w
    assert _bytes(program, "forward") == {
        "embed": (2 * (vocab + 1024) * w, 0),
        "layer": (2 * (matrices + biases + norms), 0),
        "head": (2 * (vocab * w + 2 * w), 0),
    }
    assert _bytes(program, "backward") == {
        "embed": (0, 2 * (vocab + 1024) * w),
        "layer": (2 * (matrices + 2 * w), 2 * (matrices + biases + norms)),  # the scales of two norms, no biases
        "head": (2 * (vocab * w + w), 2 * (vocab * w + 2 * w)),
    }
    assert program.buffer_bytes == 2 * 2 * (matrices + biases + norms)
    assert program.groups[0].token_bytes == 2 * 4 * 8 * 512


def test_recompute_streams_what_it_needs_once(request_of: MakeRequest) -> None:
    program = _program(request_of(sequences=8, recompute="always"))
    last_bias = 2 * 768  # of the layer's last op, which is not computed again
    assert _bytes(program, "backward")["layer"][0] == _bytes(program, "forward")["layer"][0] - last_bias


@pytest.mark.parametrize("name", model_names())
def test_every_weight_has_a_gradient_of_its_size(request_of: MakeRequest, name: str) -> None:
    model = load_preset(name)
    program = _program(request_of(model=name, sequences=1, length=min(512, model.max_length)))
    streamed = {block: size for block, (size, _) in _bytes(program, "forward").items()}
    assert {block: size for block, (_, size) in _bytes(program, "backward").items()} == streamed
    layers = Counter[str]()
    for stage in program.groups[0].stages:
        layers[stage.block] += stage.repeat * (stage.phase == "forward")
    total = sum(size * layers[block] for block, size in streamed.items())
    tied = 2 * model.vocab * model.width if model.tied else 0
    assert total == 2 * program.parameters + tied


def test_single_precision_doubles_every_byte(request_of: MakeRequest) -> None:
    half, full = (_program(request_of(sequences=4, precision=precision)) for precision in ("mixed", "fp32"))
    assert [2 * stage.weight_bytes for stage in half.groups[0].stages] == [
        stage.weight_bytes for stage in full.groups[0].stages
    ]
    assert [2 * stage.gradient_bytes for stage in half.groups[0].stages] == [
        stage.gradient_bytes for stage in full.groups[0].stages
    ]
    assert half.optimizer_bytes_per_weight_byte == 2 * full.optimizer_bytes_per_weight_byte
