"""Programs small enough to follow by hand."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from wsesim.hardware import load_cluster
from wsesim.mapping import PassGroup, Program, Stage, StepPlacement
from wsesim.software import load_software

MakeProgram = Callable[..., Program]
Shape = tuple[int, float, int, int]
"""Of a stage: repeat, seconds of compute, bytes of weights, bytes of gradients."""


@pytest.fixture(scope="session")
def program_of() -> MakeProgram:
    """Return a function that makes a program of stages; what is not given costs no time."""
    cluster, software = load_cluster("cs-2").cluster, load_software("release-2").for_training()

    def make(
        *stages: Shape, passes: int = 1, smaller: int = 0, systems: int = 1, buffer_bytes: int = 2000,
        token_bytes: int = 8, stream: float = 1e6, update: float = 1e18, latency_s: float = 0.0, hop_s: float = 0.0,
        shard_bytes: int = 10**9, host: float = 1e18, host_latency_s: float = 0.0, step_s: float = 0.0,
        update_waits: int = 0,
    ) -> Program:  # fmt: skip
        """Passes, then *smaller* ones that compute and read three quarters as much."""
        machine = replace(
            cluster,
            systems=systems,
            memoryx=replace(
                cluster.memoryx, stream_bytes_per_s=stream, update_bytes_per_s=update, latency_s=latency_s,
                shard_bytes=shard_bytes,
            ),
            swarmx=replace(cluster.swarmx, hop_s=hop_s),
            host=replace(cluster.host, input_bytes_per_s=host, latency_s=host_latency_s),
        )  # fmt: skip
        larger = PassGroup(
            count=passes, sequences=4, token_bytes=token_bytes,
            stages=tuple(
                Stage(
                    block=f"block{index}", phase="backward" if gradients else "forward", repeat=repeat, kernels=(),
                    compute_s=compute_s, weight_bytes=weights, gradient_bytes=gradients,
                )
                for index, (repeat, compute_s, weights, gradients) in enumerate(stages)
            ),
        )  # fmt: skip
        less = replace(
            larger, count=smaller, sequences=3, token_bytes=token_bytes * 3 // 4,
            stages=tuple(replace(stage, compute_s=stage.compute_s * 3 / 4) for stage in larger.stages),
        )  # fmt: skip
        return Program(
            cluster=machine,
            software=replace(software, step_s=step_s, log_s=0.0, update_waits=update_waits),
            placement=StepPlacement(
                micro_batch=4, sub_batch=4, passes=passes + smaller, columns=1, rows=1, tokens_per_core=1,
                features_per_core=1.0, recompute=0,
            ),
            groups=(larger, less) if smaller else (larger,),
            memory=(), buffer_bytes=buffer_bytes, optimizer_bytes_per_weight_byte=15.0, parameters=1, learned=1,
            model_flops=1,
            update_bytes=15 * sum(repeat * gradients for repeat, _, _, gradients in stages), causes={}, wafers=systems,
        )  # fmt: skip

    return make
