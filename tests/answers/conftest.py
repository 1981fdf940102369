"""Results made by hand: a training step with the proportions of a GPT of 111M parameters on one CS-2, and others."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from wsesim.answer import (
    Answer,
    Bound,
    Choice,
    Comparison,
    CoreFrames,
    CoreMap,
    Curve,
    Difference,
    DoesNotFit,
    FigureSpec,
    Interval,
    MemoryUse,
    NotAnswered,
    OpTime,
    Provenance,
    Reason,
    Result,
    SimulatorCost,
    Sketch,
    Spent,
    Table,
    Verification,
)
from wsesim.answer import UsedFigure as Used

CLOCK_HZ = 850_000_000
LAYERS = 10
CORES = 745_500
PEAK = CORES * 2 * 2 * CLOCK_HZ
TOKENS = 120 * 2048

# block, phase, name, kind, FMACs per token, streamed weights, cycles by cause
KERNELS: tuple[tuple[str, str, str, str, int, int, dict[str, float]], ...] = (
    ("embed", "forward", "tokens", "embedding", 0, 0, {"elementwise": 210_000, "launch": 4_100}),
    ("layer", "forward", "norm_1", "layer_norm", 0, 1536,
     {"elementwise": 402_000, "reduction": 31_000, "launch": 2_900}),
    ("layer", "forward", "qkv", "linear", 3 * 768**2, 3 * 768**2,
     {"fmac": 292_000, "reduction": 148_000, "launch": 41_000, "fill": 3_744}),
    ("layer", "forward", "scores", "scores", 2048 * 768, 0, {"fmac": 778_000, "reduction": 91_000, "launch": 22_000}),
    ("layer", "forward", "softmax", "softmax", 0, 0, {"elementwise": 990_000, "reduction": 24_000, "launch": 3_300}),
    ("layer", "forward", "weighted", "weighted_sum", 2048 * 768, 0,
     {"fmac": 778_000, "reduction": 64_000, "launch": 21_000}),
    ("layer", "forward", "project", "linear", 768**2, 768**2,
     {"fmac": 97_300, "reduction": 49_000, "launch": 13_700, "fill": 3_744}),
    ("layer", "forward", "up", "linear", 4 * 768**2, 4 * 768**2,
     {"fmac": 389_000, "reduction": 197_000, "launch": 54_700, "fill": 3_744}),
    ("layer", "forward", "gelu", "gelu", 0, 0, {"elementwise": 615_000, "launch": 1_700}),
    ("layer", "forward", "down", "linear", 4 * 768**2, 4 * 768**2,
     {"fmac": 389_000, "reduction": 50_000, "launch": 54_700, "fill": 3_744}),
    ("head", "forward", "logits", "linear", 50_257 * 768, 50_257 * 768,
     {"fmac": 6_370_000, "reduction": 2_410_000, "launch": 712_000, "fill": 3_744}),
    ("head", "backward", "logits_grad", "linear_grad_input", 50_257 * 768, 50_257 * 768,
     {"fmac": 6_370_000, "reduction": 201_000, "launch": 712_000, "fill": 3_744}),
    ("layer", "backward", "up_grad_input", "linear_grad_input", 4 * 768**2, 4 * 768**2,
     {"fmac": 389_000, "reduction": 50_000, "launch": 54_700, "fill": 3_744}),
    ("layer", "backward", "up_grad_weight", "linear_grad_weight", 4 * 768**2, 0,
     {"fmac": 389_000, "reduction": 233_000, "launch": 54_700, "gradients": 12_000}),
    ("layer", "backward", "softmax_backward", "softmax_backward", 0, 0,
     {"elementwise": 1_180_000, "reduction": 24_000}),
    ("layer", "backward", "scores_backward", "scores_backward", 2 * 2048 * 768, 0,
     {"fmac": 1_556_000, "reduction": 181_000, "launch": 43_000}),
    ("layer", "backward", "gelu_backward", "gelu_backward", 0, 0, {"elementwise": 930_000, "launch": 2_000}),
)  # fmt: skip


def _op(block: str, phase: str, name: str, kind: str, macs: int, weights: int, parts: Mapping[str, float]) -> OpTime:
    calls = LAYERS if block == "layer" else 1
    cycles = round(sum(parts.values()))
    return OpTime(
        block=block, phase=phase, name=name, kind=kind, calls=calls, flops=2 * macs * TOKENS * calls, cycles=cycles,
        seconds=cycles * calls / CLOCK_HZ, bound=max(parts, key=lambda cause: parts[cause]), parts=dict(parts),
        weight_bytes=2 * weights, gradient_bytes=2 * weights if phase == "backward" else 0,
        fabric_bytes=macs // 3, sram_bytes=24 * (macs * TOKENS // 4 if macs else 768 * TOKENS * 3),
    )  # fmt: skip


def _timeline(ops: tuple[OpTime, ...]) -> tuple[Interval, ...]:
    """Play the ops in order, each layer's weights one layer ahead, with a wait where they come late."""
    found = [Interval(track="host", name="tokens", start_s=0.0, end_s=0.0016, cause="input")]
    now = 0.0016
    found.append(Interval(track="wafer", name="wait for tokens", start_s=0.0, end_s=now, cause="input"))
    for block, phase, copies in (("embed", "forward", 1), ("layer", "forward", LAYERS), ("head", "forward", 1),
                                 ("head", "backward", 1), ("layer", "backward", LAYERS)):  # fmt: skip
        kernels = [op for op in ops if (op.block, op.phase) == (block, phase)]
        for copy in range(copies):
            start = now
            for op in kernels:
                end = now + op.cycles / CLOCK_HZ
                found.append(Interval(track="wafer", name=f"{op.name} {copy}", start_s=now, end_s=end, cause="compute"))
                now = end
            sent = sum(op.weight_bytes for op in kernels) / 150e9
            for track, delay in (("memoryx", 0.0), ("swarmx down", 0.0002)):
                found.append(Interval(track=track, name=f"weights of {block} {copy}", start_s=start + delay,
                                      end_s=start + delay + sent, cause="weights"))  # fmt: skip
            if phase == "backward":
                late = Interval(track="wafer", name="wait", start_s=now, end_s=now + 0.0004, cause="gradients")
                up = Interval(track="swarmx up", name=f"gradients of {block} {copy}", start_s=now - 0.001,
                              end_s=now + 0.0004, cause="gradients")  # fmt: skip
                found += [late, up]
                now = late.end_s
    found.append(Interval(track="memoryx", name="Adam", start_s=now, end_s=now + 0.004, cause="update"))
    found.append(Interval(track="wafer", name="wait for the update", start_s=now, end_s=now + 0.004, cause="update"))
    return tuple(found)


WORKLOAD: dict[str, object] = {
    "name": "cerebras-gpt-111m",
    "model": {"preset": "cerebras-gpt-111m", "layers": 10, "width": 768, "heads": 12, "tied": True},
    "machine": {"preset": "cs-2", "systems": 1, "clock_hz": 850_000_000},
    "training": {"sequences": 120, "length": 2048, "precision": "mixed", "optimizer": "adam"},
}
PROVENANCE = Provenance(
    version="0.2.0",
    workload=WORKLOAD,
    inputs_sha256="8b1f0c6a54b5d7f1b2c7f0a3a1f7f7f02a9e6f0f6c0a5b6d7e8f90123456789a",
    figures=(
        Used(name="core.clock_hz", text="850 MHz", source="Jacquelin et al. 2022, arXiv:2204.03775", confidence="H",
               note="every measured paper converts with it; the vendor's peak figures use 1.1 GHz"),
        Used(name="core.sram_bytes", text="48 KiB", source="SDK 2.10, appendix", confidence="H"),
        Used(name="core.fmac_mixed", text="2 per cycle", source="SDK 2.10, appendix, SIMD widths", confidence="H"),
        Used(name="wafer.columns", text="750", source="vendor tutorial, SC24", confidence="H"),
        Used(name="wafer.rows", text="994", source="vendor tutorial, SC24", confidence="H"),
        Used(name="system.io_bytes_per_s", text="150 GB/s", source="12 × 100 GbE, data sheet", confidence="H"),
        Used(name="core.task_start_cycles", text="10", source="inferred from a simulator log", confidence="L",
               note="range 5 to 30"),
        Used(name="memoryx.bytes_per_s", text="400 GB/s", source="given in the workload", overridden=True),
    ),
    defaults=(
        Used(name="training.optimizer", text="adam", source="Cerebras-GPT, arXiv:2304.03208"),
        Used(name="training.token_budget", text="2.22B", source="20 tokens a parameter, Hoffmann et al. 2022"),
    ),
    unread=("hardware.core.queue_depth",),
)  # fmt: skip
MEMORY = (
    MemoryUse(what="activations kept for the backward pass", bytes_per_core=24_480, note="10 layers, fp16"),
    MemoryUse(what="activations of the layer in progress", bytes_per_core=8_960),
    MemoryUse(what="weight buffers", bytes_per_core=4_096, note="two of 2 KiB: one used, one filling"),
    MemoryUse(what="partial sums", bytes_per_core=2_640, note="fp32"),
    MemoryUse(what="code and tables", bytes_per_core=5_120),
)
NOT_MODELLED = (
    "Dropout, gradient clipping and evaluation steps.",
    "Checkpoints, restarts and the time to compile and load a program.",
    "Spare cores standing in for defective ones.",
)


SPECS = (
    FigureSpec(name="step_s", label="one step", meaning="Time of a training step.", better="less"),
    FigureSpec(name="tokens_per_s", label="tokens per second", meaning="Tokens trained on, over time.", better="more"),
    FigureSpec(name="mfu", label="MFU", meaning="Matrix FLOPs of the model over those of the peak.", better="more"),
    FigureSpec(name="energy_per_token_j", label="energy per token", meaning="Of all wafers.", better="less"),
    FigureSpec(name="step_cycles", label="", meaning="Cycles of a step."),
)
CHOICE = Choice(
    what="passes", chosen="1 pass of 120 sequences", figure="step_s", value=0.2,
    others=(("2 passes of 60 sequences", 0.25), ("3 passes of 40 sequences", 0.3)),
)  # fmt: skip
JOB = Table(
    name="job", title="Before and beside the steps", columns=("what", "seconds", "note"),
    rows=(("device programming", 80.0, "once, before the first step"),
          ("checkpoint", 6.66, "each time one is written")),
)  # fmt: skip


def make_answer(**changes: Any) -> Answer:
    """Return the answer to a training step, with *changes* to its fields."""
    ops = tuple(_op(*kernel) for kernel in KERNELS)
    timeline = _timeline(ops)
    wafer: dict[str, float] = {}
    for op in ops:
        for cause, cycles in op.parts.items():
            wafer[cause] = wafer.get(cause, 0.0) + cycles * op.calls / CLOCK_HZ
    for interval in timeline:
        if interval.track == "wafer" and interval.cause != "compute":
            wafer[interval.cause] = wafer.get(interval.cause, 0.0) + interval.end_s - interval.start_s
    step_s = sum(wafer.values())
    bound_s = wafer["fmac"] * 0.92
    gap = {cause: spent for cause, spent in wafer.items() if cause != "fmac"} | {"fmac": wafer["fmac"] - bound_s}
    flops = 3 * 2 * TOKENS * (LAYERS * (12 * 768**2 + 2 * 2048 * 768) + 50_257 * 768)
    cycles = round(step_s * CLOCK_HZ)
    answer = Answer(
        level="system",
        figures={"step_s": step_s, "tokens_per_s": TOKENS / step_s, "mfu": flops / step_s / PEAK,
                 "energy_per_token_j": 20_900 * step_s / TOKENS, "step_cycles": cycles},
        headline={"step_s": f"{cycles:,} cycles at 850 MHz", "tokens_per_s": "trained, all systems together",
                  "mfu": "of fp16 × fp16 → fp32: 2 FMAC per core and cycle, 2.53 PFLOP/s a wafer",
                  "energy_per_token_j": "at 20.9 kW, all wafers, mean over the step"},
        spent=Spent(total_s=step_s, by_cause=wafer, what="step"),
        bound=Bound(seconds=bound_s, meaning="multiply-accumulates at peak, summed", gap=gap),
        sentences=("MFU = matrix FLOPs of the model / (step time × peak of all wafers).",),
        choices=(CHOICE,),
        ops=ops,
        timeline=timeline,
        memory=MEMORY,
        memory_limit_bytes=48 * 1024,
        tables=(JOB,),
        facts={
            "model": {"name": "cerebras-gpt-111m", "layers": 10, "width": 768, "parameters": 111_050_496},
            "machine": {"name": "cs-2", "systems": 1, "cores": CORES, "clock_hz": CLOCK_HZ, "peak_flops": PEAK,
                        "sram_bytes": CORES * 48 * 1024, "sram_bytes_per_s": CORES * 24 * CLOCK_HZ,
                        "io_bytes_per_s": 150_000_000_000},
            "batch": {"sequences": 120, "length": 2048, "per_system": 120},
        },
        leaves_out=NOT_MODELLED,
        notes=("The head is mapped as one kernel.",),
        events=48_211,
    )  # fmt: skip
    return replace(answer, **changes)


def make_result(**changes: Any) -> Result:
    """Return a training run that fits; *changes* to its fields, or to those of its answer."""
    own = {name: changes.pop(name) for name in list(changes) if name in Result.__dataclass_fields__}
    result = Result(
        name="cerebras-gpt-111m",
        title="How fast does Cerebras-GPT 111M train on one CS-2 with 120 sequences of 2,048 tokens?",
        kind="training",
        specs=SPECS,
        outcome=make_answer(**changes),
        verification=Verification(ok=True, max_error=2.4e-6, tolerance=1e-4, loss=10.8249, tokens=256, layers=2,
                                  worst="layer 1 / softmax", reduced="2 of 10 layers, 256 of 2,048 tokens"),
        provenance=PROVENANCE,
        cost=SimulatorCost(events=48_211, cpu_s=0.412, peak_memory_bytes=96 * 2**20),
        notes=("A second on a fast machine.",),
    )  # fmt: skip
    return replace(result, **own)


def make_misfit(**changes: Any) -> Result:
    """Return a point that does not fit, with *changes* to its fields."""
    why = (
        "A core needs 61.3 KiB for one sequence of 32,768 tokens, 15.3 KiB more than the 46 KiB a program may use. "
        "It would fit with at most 21,504 tokens a sequence, or with recompute: true."
    )
    memory = (replace(MEMORY[0], bytes_per_core=41_984), *MEMORY[1:])
    misfit: dict[str, Any] = {
        "title": "Does a sequence of 32,768 tokens fit one CS-2?", "verification": None, "cost": None,
        "outcome": DoesNotFit(why=why, memory=memory, memory_limit_bytes=48 * 1024),
    }  # fmt: skip
    return make_result(**misfit | changes)


def make_request() -> Result:
    """Return a request on resident weights: no bound, nothing written, so one figure is not there."""
    answer = Answer(
        level="closed",
        figures={"ttft_s": 0.0123, "tpot_s": None, "total_s": 0.0123},
        headline={"ttft_s": "2,048 tokens of the prompt computed", "tpot_s": "none is written"},
        spent=Spent(total_s=0.0123, by_cause={"compute": 0.01, "softmax": 0.0013, "handover": 0.001}, what="request"),
        timeline=(Interval(track="request", name="prompt read", start_s=0.0, end_s=0.0123, cause="compute"),),
        facts={"machine": {"name": "cs-3"}, "placement": {"kind": "blocks", "stages": 8, "wafers": 1}},
    )
    return make_result(name="request", title="One prompt of 2,048 tokens.", kind="prefill", outcome=answer,
                       verification=None)  # fmt: skip


def make_serving() -> Result:
    """Return many requests over time: a table of percentiles, two curves, requests one by one."""
    answer = Answer(
        level="system",
        figures={"goodput_per_s": 3.21, "met_share": 0.97, "utilization": 0.42},
        headline={"goodput_per_s": "of 3.3 answered in that time", "met_share": "first token in 1 s, then 50 ms each"},
        spent=Spent(total_s=60.0, by_cause={"compute": 25.2, "idle": 34.8}, what="service"),
        tables=(
            Table(name="percentiles", title="How long requests take", columns=("what", "mean_s", "p50_s", "p99_s"),
                  rows=(("time to first token", 0.1, 0.08, 0.9), ("time per output token", 0.012, 0.0119, None))),
        ),
        drawings=(
            Curve(name="utilization", title="Utilization", x_label="seconds since the first request", y_label="share",
                  points=tuple((float(second), second % 7 / 7) for second in range(60)), steps=True, share=True),
            Curve(name="rates", title="Good answers", x_label="requests a second", y_label="share", log_x=True,
                  share=True, limit=0.9, points=((1.0, 1.0), (2.0, 0.98), (4.0, 0.6)), marks=(("asked", 2.0),),
                  others=(("bad", ((1.0, 0.0), (2.0, 0.02))),)),
        ),
        files={"requests.csv": lambda: b"arrival_s,ttft_s\n0,0.1\n"},
        facts={"model": {"name": "llama"}, "machine": {"name": "cs-3"}},
    )  # fmt: skip
    return make_result(name="serving", title="Serve a chat.", kind="serving", outcome=answer, verification=None)


def make_kernel(**changes: Any) -> Result:
    """Return a kernel that ran on 8 x 4 cores, with maps of them and pictures over time."""
    import numpy as np

    busy = np.arange(32.0).reshape(4, 8)
    frames = np.linspace(0, 1, 10 * 32).reshape(10, 4, 8)
    answer = Answer(
        level="cores",
        figures={"cycles": 1234, "seconds": 1.45e-6, "closed_cycles": 1200.0, "busy": 0.51, "max_error": 2e-7},
        headline={"cycles": "1.45 us at 850 MHz", "closed_cycles": "-2.8 % beside the cores"},
        spent=Spent(total_s=1.45e-6, by_cause={"works": 7.45e-7, "waits": 7.05e-7}, what="kernel"),
        drawings=(
            Sketch(name="layout", title="How it lies on the cores", lines="a -> b\n     v\n     c"),
            CoreMap(name="busy", title="Cycles a core works", unit="cycles", values=busy),
            CoreMap(name="stalled", title="Cycles a core waits", unit="cycles", values=busy[::-1]),
            CoreFrames(name="activity", title="Activity over time", frames=frames, frame_cycles=64),
        ),
        files={"trace.json": lambda: b"{}", "activity.gif": lambda: b"GIF89a"},
        facts={"kernel": {"name": "allreduce-2d", "shape": (64,), "grid": (8, 4)}, "machine": {"name": "cs-2"}},
        right=True,
        events=999,
    )
    kernel: dict[str, Any] = {"name": "allreduce", "title": "An allreduce of 64.", "kind": "kernel",
                              "outcome": replace(answer, **changes), "verification": None}  # fmt: skip
    return make_result(**kernel)


def make_refused() -> Result:
    """Return a question that is not modelled."""
    why = "relu with resident weights is not modelled; use gelu."
    return make_result(outcome=NotAnswered(why=why), verification=None, cost=None)


def make_comparison(**changes: Any) -> Comparison:
    """Return a step at all levels, the last of which ran kernels on cores."""
    closed = make_answer(level="closed", events=0, notes=(), timeline=(), leaves_out=("Waiting.", "Stores."))
    system = make_answer()
    ran = Table(name="kernels", title="Kernels on cores", columns=("name", "share", "cycles", "closed_cycles", "note"),
                rows=(("qkv", 0.4, 12_345, 12_000.0, "stream-gemm 64x64 on 8 x 8"), ("gelu", 0.1, None, None, "kept")),
                )  # fmt: skip
    slow = {**system.figures, "step_s": 0.18, "tokens_per_s": TOKENS / 0.18}
    cores = make_answer(level="cores", figures=slow, tables=(ran,), events=10**9,
                        reasons=(Reason(figure="step_s", cause="code", seconds=0.02),))  # fmt: skip
    comparison = Comparison(
        name="step", title="One step at three levels.", kind="training", specs=SPECS,
        outcomes={"closed": closed, "system": system, "cores": cores},
        differences=(
            Difference(coarse="closed", fine="system", figure="step_s", causes=(("waiting", 0.004), ("rest", -0.004))),
        ),
        notes=("Measured steps support the system level.", "The cores level ran 1 of 2 kernels."),
        cpu_s={"closed": 0.001, "system": 0.4, "cores": 31.0},
    )  # fmt: skip
    return replace(comparison, **changes)


CASES: Mapping[str, Callable[[], Result]] = {
    "training": make_result, "misfit": make_misfit, "request": make_request, "serving": make_serving,
    "kernel": make_kernel, "refused": make_refused,
}  # fmt: skip


@pytest.fixture
def make() -> Callable[..., Result]:
    return make_result


@pytest.fixture
def kernel() -> Callable[..., Result]:
    return make_kernel


@pytest.fixture(params=list(CASES))
def any_result(request: pytest.FixtureRequest) -> Result:
    """Each kind of result in turn."""
    return CASES[request.param]()


@pytest.fixture
def cases() -> Mapping[str, Callable[[], Result]]:
    return CASES


@pytest.fixture(scope="session")
def result() -> Result:
    return make_result()


@pytest.fixture(scope="session")
def answer() -> Answer:
    return make_answer()


@pytest.fixture(scope="session")
def misfit() -> Result:
    return make_misfit()


@pytest.fixture(scope="session")
def comparison() -> Comparison:
    return make_comparison()


@pytest.fixture
def compare() -> Callable[..., Comparison]:
    return make_comparison
