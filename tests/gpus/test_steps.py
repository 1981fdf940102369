"""Steps, requests and layouts on GPUs: what sums, what fits, and that a better GPU is never slower."""

from __future__ import annotations

from dataclasses import fields, replace
from math import fsum

import pytest

from wsesim.errors import InputError, SpecError
from wsesim.gpus import (
    Chip,
    DoesNotFitGpus,
    Fleet,
    GpuProgram,
    Parallel,
    Practice,
    RequestTask,
    StepEstimate,
    StepTask,
    best_request,
    best_step,
    estimate_request,
    estimate_step,
    fleet_named,
    gpu_named,
    gpu_names,
)
from wsesim.gpus.layers import Shapes
from wsesim.gpus.room import Room
from wsesim.gpus.traffic import Group, Traffic
from wsesim.model import load_preset

LLAMA = load_preset("llama-2-7b")
TASK = StepTask(model=LLAMA, sequences=64, length=4096)
LAYOUTS = (
    Parallel(data=8, micro_batch=2, sharding="all"),
    Parallel(tensor=2, data=4),
    Parallel(tensor=2, pipeline=4, interleave=2, recompute="all"),
    Parallel(context=2, data=4, recompute="attention"),
)
PROGRAMS = (GpuProgram(), GpuProgram(attention="stored", overlaps=False, gradient_bytes=4))


def test_every_preset_reads_and_says_where_figures_are_from() -> None:
    for name in gpu_names():
        gpu = gpu_named(name)
        assert gpu.figures
        assert all(figure.source for figure in gpu.figures)


def test_names_of_gpus() -> None:
    assert gpu_named("h100-80gb-sxm").key == "h100"
    assert gpu_named("gb200-nvl72").key == "gb200"
    fleet = fleet_named("b200x64:fp8")
    assert (fleet.gpu.key, fleet.count, fleet.precision) == ("b200", 64, "fp8")
    for wrong, said in (
        ("h101x8", "did you mean 'h100'"),
        ("h100x8:fp9", "no precision"),
        ("h100x0", "from 1 to"),
        ("", "not"),
    ):
        with pytest.raises(InputError, match=said):
            fleet_named(wrong)


def test_layouts_refuse_nonsense() -> None:
    with pytest.raises(SpecError):
        Parallel(tensor=0)
    with pytest.raises(SpecError):
        Parallel(expert=3, data=4)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_causes_sum_and_better_chips_are_not_slower(layout: Parallel, program: GpuProgram) -> None:
    fleet = fleet_named("h100x8")
    task = replace(TASK, program=program)
    now = estimate_step(task, fleet, layout)
    assert fsum(now.by_cause.values()) == pytest.approx(now.step_s)
    assert all(seconds >= 0 for seconds in now.by_cause.values())
    assert 0 < now.board_w <= 700
    for part, kind in (("chip", Chip), ("practice", Practice)):
        held = getattr(fleet.gpu, part)
        for each in fields(kind):
            if not (better := each.metadata["better"]):
                continue
            value = getattr(held, each.name) * (1.25 if better == "more" else 0.8)
            value = min(value, 1.0) if each.name.endswith("_share") else type(getattr(held, each.name))(value)
            gpu = replace(fleet.gpu, **{part: replace(held, **{each.name: value})})
            found = estimate_step(task, replace(fleet, gpu=gpu), layout)
            assert found.step_s <= now.step_s * (1 + 1e-9), each.name


def test_more_is_computed_again_the_less_memory_there_is() -> None:
    room = Room(LLAMA, Parallel(data=8, micro_batch=4), GpuProgram())
    least, most = room.step_bytes(4096, 2, 0.0), room.step_bytes(4096, 2, 1.0)
    shares = [room.share_again(4096, 2, most + part * (least - most)) for part in (1.0, 0.7, 0.3, 0.0)]
    assert shares == sorted(shares, key=lambda share: share or 0.0)
    assert shares[0] == 0.0
    assert room.share_again(4096, 2, 0.9 * most) is None


def test_a_bubble_grows_with_stages_and_shrinks_with_pieces() -> None:
    fleet = fleet_named("h100x8")
    bubbles = [
        estimate_step(TASK, fleet, Parallel(pipeline=stages, interleave=pieces, data=8 // stages)).by_cause[
            "pipeline bubble"
        ]
        for stages, pieces in ((1, 1), (4, 4), (4, 1), (8, 1))
    ]
    assert bubbles[0] == 0
    assert bubbles == sorted(bubbles)


def test_the_best_layout_is_the_fastest_that_fits_and_uses_all_gpus() -> None:
    fleet = fleet_named("h100x8")
    best = best_step(TASK, fleet)
    assert isinstance(best, StepEstimate)
    assert best.fits
    assert best.layout.gpus == 8
    assert best.step_s <= min(estimate_step(TASK, fleet, layout).step_s for layout in LAYOUTS[:3])
    huge = replace(TASK, model=load_preset("llama-3-70b"))
    none = best_step(huge, fleet_named("h100"))
    assert isinstance(none, DoesNotFitGpus)
    assert "GB" in none.why
    forward = best_step(replace(TASK, learns=False), fleet)
    assert isinstance(forward, StepEstimate)
    assert forward.step_s < 0.5 * best.step_s


def test_experts_are_held_apart_and_computed_by_few() -> None:
    model = load_preset("mixtral-8x7b")
    fleet = fleet_named("h200x8")
    apart = estimate_step(replace(TASK, model=model), fleet, Parallel(tensor=1, data=8, expert=8))
    whole = estimate_step(replace(TASK, model=model), fleet, Parallel(tensor=1, data=8))
    assert apart.held_bytes < 0.6 * whole.held_bytes
    assert apart.by_cause["expert traffic"] > 0 == whole.by_cause["expert traffic"]


def test_narrow_experts_are_not_divided_and_pass_a_domain_once() -> None:
    wide = load_preset("mixtral-8x7b")
    narrow = replace(wide, ffn_width=1024, experts=64, experts_per_token=8)
    layout = Parallel(tensor=2, data=16, expert=32)
    assert (Shapes(wide, layout).ffn_parts, Shapes(narrow, layout).ffn_parts) == (2, 1)
    layouts = (layout, replace(layout, expert=1))
    of_experts = [Shapes(narrow, each).layer_weights(of_experts=True) for each in layouts]
    assert of_experts[1] == 32 / 2 * of_experts[0]
    traffic = Traffic(gpu_named("h100"))
    one, eight = (traffic.exchange_s(Group.of(32, 1, 8), 1e9, copies) for copies in (1, 8))
    assert eight < 5 * one


def test_the_last_requests_of_a_queue_are_fewer() -> None:
    fleet = fleet_named("h100")
    without_end, even, odd = (
        estimate_request(
            RequestTask(model=LLAMA, prompt=512, generate=128, batch=None, waiting=waiting), fleet, Parallel()
        )
        for waiting in (None, 400, 401)
    )
    assert odd.batch == even.batch < 400
    assert odd.tokens_per_s < without_end.tokens_per_s
    assert even.tokens_per_s <= without_end.tokens_per_s


def test_requests() -> None:
    fleet = Fleet(gpu=gpu_named("h100"), count=8, precision="fp8")
    task = RequestTask(model=LLAMA, prompt=512, generate=128)
    one = best_request(task, fleet)
    assert not isinstance(one, DoesNotFitGpus)
    assert fsum(one.by_cause.values()) == pytest.approx(one.total_s)
    least_s = LLAMA.layers * 12 * LLAMA.width**2 / (8 * 3.35e12)
    assert one.token_s > least_s
    queue = best_request(replace(task, batch=None), fleet)
    assert not isinstance(queue, DoesNotFitGpus)
    assert queue.tokens_per_s > 100 * one.tokens_per_s
    soon = best_request(replace(task, batch=None, slowest_token_s=queue.total_s / 128 / 4), fleet)
    assert not isinstance(soon, DoesNotFitGpus)
    assert soon.tokens_per_s < queue.tokens_per_s
    assert soon.total_s / 128 <= queue.total_s / 128 / 4
    assert isinstance(best_request(replace(task, batch=None, slowest_token_s=1e-6), fleet), DoesNotFitGpus)
    kept = best_request(replace(task, reads=False), fleet)
    assert not isinstance(kept, DoesNotFitGpus)
    assert kept.prompt_s == 0
    assert kept.total_s == pytest.approx(128 * kept.token_s)
    wide, narrow = (estimate_request(task, fleet, Parallel(tensor=tensor, data=8 // tensor)) for tensor in (8, 1))
    assert wide.prompt_s < narrow.prompt_s


def test_windows_and_shared_networks_count() -> None:
    fleet, layout = fleet_named("h100x8"), Parallel(data=8)
    now = estimate_step(TASK, fleet, layout)
    seen = estimate_step(replace(TASK, model=replace(LLAMA, window=512, full_every=6)), fleet, layout)
    assert 0.2 < seen.by_cause["attention"] / now.by_cause["attention"] < 0.6
    request = RequestTask(model=LLAMA, prompt=4000, generate=96, batch=None)
    held, more = (
        estimate_request(replace(request, model=model), fleet, layout) for model in (LLAMA, replace(LLAMA, window=512))
    )
    assert more.batch > 5 * held.batch
    experts = replace(LLAMA, experts=8, ffn_width=1408, experts_per_token=2)
    alone, beside = (
        estimate_step(replace(TASK, model=replace(experts, shared_width=width)), fleet, layout) for width in (0, 5632)
    )
    assert beside.by_cause["matrix products"] > 1.3 * alone.by_cause["matrix products"]
    assert beside.held_bytes > alone.held_bytes
