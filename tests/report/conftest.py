"""Results made by hand, with the proportions of a GPT of 111M parameters on one CS-2."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from wsesim.result import (
    Figure,
    Interval,
    MemoryUse,
    Metrics,
    OpTime,
    Placement,
    Provenance,
    Result,
    SimulatorCost,
    Status,
    Verification,
)  # fmt: skip

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


def _metrics(ops: tuple[OpTime, ...], timeline: tuple[Interval, ...]) -> Metrics:
    wafer: dict[str, float] = {}
    for op in ops:
        for cause, cycles in op.parts.items():
            wafer[cause] = wafer.get(cause, 0.0) + cycles * op.calls / CLOCK_HZ
    for interval in timeline:
        if interval.track == "wafer" and interval.cause != "compute":
            wafer[interval.cause] = wafer.get(interval.cause, 0.0) + interval.end_s - interval.start_s
    step_s = sum(wafer.values())
    flops = 3 * 2 * TOKENS * (LAYERS * (12 * 768**2 + 2 * 2048 * 768) + 50_257 * 768)
    bound_s = wafer["fmac"] * 0.92
    gap = {cause: spent for cause, spent in wafer.items() if cause != "fmac"} | {"fmac": wafer["fmac"] - bound_s}
    return Metrics(
        step_s=step_s, step_cycles=round(step_s * CLOCK_HZ), tokens_per_s=TOKENS / step_s, samples_per_s=120 / step_s,
        mfu=flops / step_s / PEAK, mfu_peak="fp16 × fp16 → fp32: 2 FMAC per core and cycle, 2.53 PFLOP/s a wafer",
        flops_per_step=flops, bound_s=bound_s, gap=gap, token_budget=2_220_000_000,
        days_to_budget=2_220_000_000 / TOKENS * step_s / 86400, energy_per_token_j=20_900 * step_s / TOKENS,
        power_w=20_900.0, wafer_s=wafer,
    )  # fmt: skip


WORKLOAD: dict[str, object] = {
    "name": "cerebras-gpt-111m",
    "model": {"preset": "cerebras-gpt-111m", "layers": 10, "width": 768, "heads": 12, "tied": True},
    "machine": {"preset": "cs-2", "systems": 1, "clock_hz": 850_000_000},
    "training": {"sequences": 120, "length": 2048, "precision": "mixed", "optimizer": "adam"},
}
PROVENANCE = Provenance(
    version="0.1.0",
    workload=WORKLOAD,
    inputs_sha256="8b1f0c6a54b5d7f1b2c7f0a3a1f7f7f02a9e6f0f6c0a5b6d7e8f90123456789a",
    figures=(
        Figure(name="core.clock_hz", text="850 MHz", source="Jacquelin et al. 2022, arXiv:2204.03775", confidence="H",
               note="every measured paper converts with it; the vendor's peak figures use 1.1 GHz"),
        Figure(name="core.sram_bytes", text="48 KiB", source="SDK 2.10, appendix", confidence="H"),
        Figure(name="core.fmac_mixed", text="2 per cycle", source="SDK 2.10, appendix, SIMD widths", confidence="H"),
        Figure(name="wafer.columns", text="750", source="vendor tutorial, SC24", confidence="H"),
        Figure(name="wafer.rows", text="994", source="vendor tutorial, SC24", confidence="H"),
        Figure(name="system.io_bytes_per_s", text="150 GB/s", source="12 × 100 GbE, data sheet", confidence="H"),
        Figure(name="core.task_start_cycles", text="10", source="inferred from a simulator log", confidence="L",
               note="range 5 to 30"),
        Figure(name="memoryx.bytes_per_s", text="400 GB/s", source="given in the workload", overridden=True),
    ),
    defaults=(
        Figure(name="training.optimizer", text="adam", source="Cerebras-GPT, arXiv:2304.03208"),
        Figure(name="training.token_budget", text="2.22B", source="20 tokens a parameter, Hoffmann et al. 2022"),
    ),
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


def make_result(**changes: Any) -> Result:
    """Return a run that fits, with *changes* to its fields."""
    ops = tuple(_op(*kernel) for kernel in KERNELS)
    timeline = _timeline(ops)
    result = Result(
        name="cerebras-gpt-111m",
        title="How fast does Cerebras-GPT 111M train on one CS-2 with 120 sequences of 2,048 tokens?",
        status=Status.OK,
        why="",
        model={"name": "cerebras-gpt-111m", "layers": 10, "width": 768, "heads": 12, "ffn_width": 3072, "vocab": 50_257,
               "parameters": 111_050_496},
        machine={"name": "cs-2", "systems": 1, "cores": CORES, "clock_hz": CLOCK_HZ, "peak_flops": PEAK,
                 "sram_bytes": CORES * 48 * 1024, "sram_bytes_per_s": CORES * 24 * CLOCK_HZ,
                 "io_bytes_per_s": 150_000_000_000},
        batch={"sequences": 120, "length": 2048, "per_system": 120},
        metrics=_metrics(ops, timeline),
        placement=Placement(micro_batch=120, passes=1, columns=750, rows=994, tokens_per_core=248,
                            features_per_core=1.02, recompute=False),
        memory=MEMORY,
        core_sram_bytes=48 * 1024,
        ops=ops,
        timeline=timeline,
        verification=Verification(ok=True, max_error=2.4e-6, tolerance=1e-4, loss=10.8249, tokens=256, layers=2,
                                  worst="layer 1 / softmax", reduced="2 of 10 layers, 256 of 2,048 tokens"),
        not_modelled=NOT_MODELLED,
        provenance=PROVENANCE,
        cost=SimulatorCost(events=48_211, cpu_s=0.412, peak_memory_bytes=96 * 2**20),
        notes=("The head is mapped as one kernel.",),
    )  # fmt: skip
    return replace(result, **changes)


def make_misfit(**changes: Any) -> Result:
    """Return a point that does not fit, with *changes* to its fields."""
    why = (
        "A core needs 61.3 KiB for one sequence of 32,768 tokens, 15.3 KiB more than the 46 KiB a program may use. "
        "It would fit with at most 21,504 tokens a sequence, or with recompute: true."
    )
    big = replace(MEMORY[0], bytes_per_core=41_984)
    misfit: dict[str, Any] = {
        "title": "Does a sequence of 32,768 tokens fit one CS-2?", "status": Status.DOES_NOT_FIT, "why": why,
        "metrics": None, "memory": (big, *MEMORY[1:]), "ops": (), "timeline": (), "verification": None, "cost": None,
    }  # fmt: skip
    return make_result(**misfit | changes)


@pytest.fixture
def make() -> Callable[..., Result]:
    return make_result


@pytest.fixture
def make_unfit() -> Callable[..., Result]:
    return make_misfit


@pytest.fixture(scope="session")
def result() -> Result:
    return make_result()


@pytest.fixture(scope="session")
def misfit() -> Result:
    return make_misfit()
