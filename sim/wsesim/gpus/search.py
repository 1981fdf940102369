"""The fastest layout of what is asked on so many GPUs, of all that fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wsesim.gpus.layout import Parallel
from wsesim.gpus.load import Fleet
from wsesim.gpus.room import USABLE, Room
from wsesim.gpus.serving import RequestEstimate, RequestTask, estimate_request
from wsesim.gpus.specs import BITS
from wsesim.gpus.training import StepEstimate, StepTask, estimate_step
from wsesim.model import ModelSpec

MICRO_BATCHES = (1, 2, 4, 8, 16)
LONG = 8192
"""Tokens of a sequence from which on it is worth dividing among GPUs."""
DEEPEST = 64
"""Stages of the deepest pipeline that is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoesNotFitGpus:
    """Why there is no layout."""

    why: str


def best_step(task: StepTask, fleet: Fleet) -> StepEstimate | DoesNotFitGpus:
    """Return the fastest step of all layouts that use every GPU and fit."""
    tried = [estimate_step(task, fleet, layout) for layout in _roomy(task, fleet)]
    found = [estimate for estimate in tried if estimate.fits]
    if not found:
        return DoesNotFitGpus(why=_step_reason(task, fleet))
    return min(found, key=lambda estimate: estimate.step_s)


def _roomy(task: StepTask, fleet: Fleet) -> Iterator[Parallel]:
    """Yield layouts that fit, if need be with all layers computed again."""
    limit_bytes = USABLE * fleet.gpu.chip.memory_bytes
    for layout in step_layouts(task, fleet):
        learns = task.trains_weights and task.learns
        room = Room(task.model, layout, task.program, learns, BITS[fleet.precision])
        if room.state_bytes() < limit_bytes:
            yield layout


def step_layouts(task: StepTask, fleet: Fleet) -> Iterator[Parallel]:
    """Yield the layouts of a step that are tried."""
    model, count = task.model, fleet.count
    for tensor in _divisions(model, min(fleet.gpu.chip.link_domain, count)):
        for pipeline in _stages(model.layers, count, tensor):
            for context in (1, 2, 4, 8) if task.length >= LONG else (1,):
                data, left = divmod(count, tensor * pipeline * context)
                if left or not 1 <= data <= task.sequences:
                    continue
                yield from _kept(task, tensor, pipeline, context, data)


def _kept(task: StepTask, tensor: int, pipeline: int, context: int, data: int) -> Iterator[Parallel]:
    each = -(-task.sequences // data)
    pieces = max(1, task.model.layers // pipeline) if pipeline > 1 and task.model.layers % pipeline == 0 else 1
    for expert in _experts(task.model, data * context):
        for micro_batch in MICRO_BATCHES:
            if micro_batch > each or (micro_batch > 1 and each % micro_batch):
                continue
            interleave = pieces if each // micro_batch >= pipeline else 1
            for sharding in ("optimizer", "all") if pipeline == 1 and data > 1 else ("optimizer",):
                yield Parallel(
                    tensor=tensor, pipeline=pipeline, interleave=interleave, context=context, expert=expert, data=data,
                    micro_batch=micro_batch, sharding=sharding,
                )  # fmt: skip


def _divisions(model: ModelSpec, most: int) -> Iterator[int]:
    """Yield the powers of two among which heads and feed-forward layers divide."""
    tensor = 1
    while tensor <= most and model.heads % tensor == 0 and model.ffn_width % tensor == 0:
        yield tensor
        tensor *= 2


def _stages(layers: int, count: int, tensor: int) -> Iterator[int]:
    """Yield depths of a pipeline over the GPUs that *tensor* leaves."""
    if count % tensor:
        return
    for stages in range(1, min(DEEPEST, layers, count // tensor) + 1):
        if count // tensor % stages == 0 and (layers % stages == 0 or (layers + 2) % stages == 0):
            yield stages


def _experts(model: ModelSpec, sharers: int) -> Iterator[int]:
    """Yield the numbers of GPUs among which experts divide."""
    if not model.experts:
        yield 1
        return
    for expert in (1, 2, 4, 8, 16, 32, 64):
        if model.experts % expert == 0 and sharers % expert == 0:
            yield expert


def _step_reason(task: StepTask, fleet: Fleet) -> str:
    held = [
        Room(task.model, layout, task.program, task.learns, BITS[fleet.precision]).step_bytes(task.length, 1, 1.0)
        for layout in step_layouts(task, fleet)
    ]
    if not held:
        return f"no layout divides the model and {task.sequences:,} sequences among {fleet.count:,} GPUs"
    limit = USABLE * fleet.gpu.chip.memory_bytes
    return f"the fullest GPU would hold at least {min(held) / 1e9:,.0f} GB, of {limit / 1e9:,.0f} GB that can be used"


def best_request(task: RequestTask, fleet: Fleet) -> RequestEstimate | DoesNotFitGpus:
    """Return the layout that writes most tokens a second of those that fit, or reads prompts soonest."""
    found = [
        estimate for layout in request_layouts(task, fleet) if (estimate := estimate_request(task, fleet, layout)).fits
    ]
    if not found:
        return DoesNotFitGpus(why=f"weights and caches are more than the memory of {fleet.label}")
    if task.batch is None:
        soon = task.slowest_token_s or float("inf")
        good = [estimate for estimate in found if estimate.total_s / max(1, task.generate) <= soon]
        if not good:
            return DoesNotFitGpus(why=f"no layout writes a token in {soon:g} s")
        found = good
        return max(found, key=lambda estimate: estimate.tokens_per_s)
    return min(found, key=lambda estimate: estimate.total_s)


def request_layouts(task: RequestTask, fleet: Fleet) -> Iterator[Parallel]:
    """Yield the layouts of requests that are tried."""
    for tensor in _divisions(task.model, min(fleet.gpu.chip.link_domain, fleet.count)):
        for pipeline in (1, 2, 4, 8, 16):
            copies, left = divmod(fleet.count, tensor * pipeline)
            if copies and not left and pipeline <= task.model.layers:
                yield Parallel(tensor=tensor, pipeline=pipeline, data=copies)
