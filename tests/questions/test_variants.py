"""Whole answers for what is not plain training: forward only, weights with zeros, experts, many systems."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim import questions
from wsesim.answer import Answer, OpTime, Result, Status
from wsesim.model import load_preset, model_names

BASE: dict[str, Any] = {
    "model": "cerebras-gpt-111m",
    "batch": {"sequences": 24, "length": 512},
    "cluster": "cs-2",
    "verification": {"enabled": False},
}
DENSE: dict[str, Any] = {"layers": 4, "width": 512, "heads": 8, "vocab": 1000}
SPARSITIES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


def result_of(**changes: object) -> Result:
    return questions.run(questions.ask({**BASE, **changes}, file="case.yaml", folder=Path()), verify=False)


def answer(**changes: object) -> Answer:
    found = result_of(**changes).answer
    assert found is not None
    return found


def step(**changes: object) -> Mapping[str, Any]:
    return answer(**changes).figures


def evaluated(**changes: object) -> Answer:
    return answer(phase="evaluation", **changes)


def op_of(found: Answer, name: str) -> OpTime:
    return next(op for op in found.ops if op.name == name)


# Evaluation


def test_evaluation_is_the_forward_pass_and_nothing_else() -> None:
    found, trained = evaluated(), answer()
    assert {op.phase for op in found.ops} == {"forward"}
    assert {interval.track for interval in found.timeline} == {"wafer", "host", "swarmx down"}
    assert all(op.gradient_bytes == 0 for op in found.ops)
    assert found.spent is not None
    assert not {"update", "gradients", "recompute"} & found.spent.by_cause.keys()
    assert not any(word in line.what for line in found.memory for word in ("gradient", "backward"))
    figures: Mapping[str, Any] = found.figures
    assert 3 * figures["flops_per_step"] == trained.figures["flops_per_step"]
    assert not {"budget_s", "flops_to_budget", "checkpoint_s"} & figures.keys()
    assert found.spent.total_s == figures["step_s"]
    assert found.bound is not None
    assert figures["step_s"] == pytest.approx(found.bound.seconds + sum(found.bound.gap.values()))


@pytest.mark.parametrize("model", model_names())
@pytest.mark.every(4)
def test_evaluation_is_quicker_than_training_and_fits_at_least_as_much(model: str) -> None:
    case = {"model": model, "batch": {"sequences": 16, "length": 128}, "outputs": {"timeline": False}}
    forward, both = step(phase="evaluation", **case), step(**case)
    assert forward["step_s"] < both["step_s"]
    assert forward["micro_batch"] >= both["micro_batch"]


def test_evaluation_says_computed_not_trained() -> None:
    found = evaluated()
    assert found.headline["tokens_per_s"] == "computed, all systems together"
    assert found.headline["energy_per_token_j"].endswith("W, all systems, without servers")
    assert not any("trained" in words for words in found.headline.values())
    assert not any("checkpoint" in str(row) for table in found.tables for row in table.rows)


def test_a_store_that_is_too_small_to_train_may_do_to_evaluate() -> None:
    hardware = {"memoryx.capacity": "1 GB"}
    assert result_of(hardware=hardware).status is Status.DOES_NOT_FIT
    assert result_of(hardware=hardware, phase="evaluation").status is Status.OK
    why = result_of(hardware={"memoryx.capacity": "100 MB"}, phase="evaluation").why
    assert why.startswith("weights need 424 MiB (4 B for each of 111,050,496 parameters)")


# Zeros


@pytest.mark.parametrize("phase", ["training", "evaluation"])
@pytest.mark.parametrize("cluster", ["cs-2", "cs-3"])
@pytest.mark.every(2)
def test_no_zeros_is_dense_and_more_zeros_are_never_slower(phase: str, cluster: str) -> None:
    def at(sparsity: float) -> Mapping[str, Any]:
        return step(model={**DENSE, "sparsity": sparsity}, phase=phase, cluster=cluster)

    assert at(0.0) == step(model=DENSE, phase=phase, cluster=cluster)
    for denser, sparser in pairwise(map(at, SPARSITIES)):
        assert sparser["step_s"] <= denser["step_s"] * (1 + 1e-12)
        assert sparser["energy_per_token_j"] <= denser["energy_per_token_j"] * (1 + 1e-12)
        assert sparser["flops_per_step"] < denser["flops_per_step"]


@settings(max_examples=12)
@given(sparsity=st.floats(0, 0.99))
def test_zeros_never_gain_more_than_their_share(sparsity: float) -> None:
    dense, sparse = step(model=DENSE), step(model={**DENSE, "sparsity": sparsity})
    shard_s = 4 * 2**20 / 150e9  # which a small last piece may keep waiting for
    assert (1 - sparsity) * dense["step_s"] <= sparse["step_s"] <= dense["step_s"] + shard_s


@pytest.mark.parametrize(("phase", "measured"), [("evaluation", 1.11), ("training", 1.18)])
def test_the_slope_over_zeros_is_what_was_measured(phase: str, measured: float) -> None:
    """From 25 to 75 % zeros in Llama-3 8B on a CS-3 (quality C): the busiest column, not the mean, sets the pace."""
    model = {
        "layers": 32, "width": 4096, "heads": 32, "kv_heads": 8, "head_width": 128, "ffn_width": 14336, "vocab": 128256,
        "max_length": 2048, "position": "rotary", "norm": "rms_norm", "bias": False, "attention_bias": False,
        "tied": False, "activation": "swiglu",
    }  # fmt: skip
    few, many = (
        step(model={**model, "sparsity": sparsity}, phase=phase, cluster="cs-3", batch={"sequences": 256})["step_s"]
        for sparsity in (0.25, 0.75)
    )
    assert few / many == pytest.approx(measured, rel=0.2)


def test_half_the_weights_with_their_places_are_as_many_bytes() -> None:
    def layer_bytes(sparsity: float) -> int:
        return op_of(answer(model={**DENSE, "sparsity": sparsity}), "ffn.up").weight_bytes

    bias = 2 * 2048
    assert layer_bytes(0.0) == 512 * 2048 * 2 + bias
    assert layer_bytes(0.5) == layer_bytes(0.25) == layer_bytes(0.0)
    assert layer_bytes(0.75) == 512 * 2048 * 4 // 4 + bias


def test_gradients_and_state_are_those_of_the_weights_that_are_there() -> None:
    sparse, dense = answer(model={**DENSE, "sparsity": 0.75}), answer(model=DENSE)
    assert op_of(sparse, "ffn.up.weight.backward").gradient_bytes == 2 * (512 * 2048 // 4 + 2048)
    facts: Mapping[str, Any] = sparse.facts["model"]
    assert facts["parameters"] == dense.facts["model"]["parameters"]
    assert facts["nonzero_parameters"] == facts["parameters"] - 4 * (12 * 512 * 512) * 3 // 4


def test_a_large_model_gains_several_times_and_not_more_than_is_claimed() -> None:
    """The vendor claims up to eight to ten times at nine zeros in ten; zeros that fall unevenly cost most of it."""
    case: dict[str, Any] = {"batch": {"sequences": 64, "length": 2048}, "cluster": "cs-3"}
    dense, sparse = (
        step(model={"preset": "gpt3-175b", "sparsity": sparsity}, **case)["step_s"] for sparsity in (0, 0.9)
    )
    assert 2 < dense / sparse < 10


# Experts


def mixture(**fields: object) -> dict[str, Any]:
    return {**DENSE, "activation": "swiglu", "ffn_width": 1024, **fields}


def test_one_expert_is_a_dense_model_and_a_router() -> None:
    narrow = {"wafer.columns": 128}  # which divide all widths, so that both use all of them
    dense, one = (answer(model=mixture(**more), hardware=narrow) for more in ({}, {"experts": 1}))
    routing = ("ffn.router", "ffn.route", "ffn.dispatch", "ffn.combine", "accumulate")
    of_one = {op.name: op for op in one.ops}
    for op in dense.ops:
        same = of_one[op.name]
        assert (same.cycles, same.flops, same.weight_bytes, same.gradient_bytes) == (
            op.cycles, op.flops, op.weight_bytes, op.gradient_bytes
        ), op.name  # fmt: skip
    beside = [op.name for op in one.ops if op.name not in {op.name for op in dense.ops}]
    assert beside
    assert all(any(word in name for word in routing) for name in beside)
    before: Any = dense.facts["model"]["parameters"]
    assert one.facts["model"]["parameters"] == before + 4 * 512


@pytest.mark.parametrize("chosen", [1, 2, 4])
def test_a_token_costs_as_many_products_as_it_has_experts(chosen: int) -> None:
    one = step(model=mixture(experts=1))["flops_per_step"]
    tokens, layers = 24 * 512, 4
    router = 3 * 2 * tokens * 512 * layers
    network = 3 * 2 * tokens * 3 * 512 * 1024 * layers
    wanted = one - router - network + 8 * router + chosen * network
    assert step(model=mixture(experts=8, experts_per_token=chosen))["flops_per_step"] == wanted


def test_more_experts_stream_more_and_more_choices_compute_more() -> None:
    few, many = step(model=mixture(experts=4)), step(model=mixture(experts=16))
    assert few["step_s"] < many["step_s"]
    assert step(model=mixture(experts=4, experts_per_token=1))["step_s"] < few["step_s"]
    assert step(model=mixture(experts=4, expert_imbalance=1.5))["step_s"] > few["step_s"]


def test_a_mixture_is_half_as_quick_as_a_dense_model_of_its_work_at_best() -> None:
    model = load_preset("mixtral-8x7b")
    result = answer(model="mixtral-8x7b", batch={"sequences": 16, "length": 2048}, cluster="cs-3")
    assert (model.experts, model.experts_per_token) == (8, 2)
    assert result.facts["model"]["parameters"] == 46_702_792_704
    assert result.facts["model"]["experts"] == 8
    assert result.spent is not None
    assert "exchange" in result.spent.by_cause


@pytest.mark.parametrize("phase", ["prefill", "decode", "generate", "serving"])
@pytest.mark.parametrize("model", [mixture(experts=4), {**DENSE, "sparsity": 0.5}])
@pytest.mark.every(3)
def test_sparse_resident_weights_or_experts_are_answered_or_not_modelled(model: dict[str, Any], phase: str) -> None:
    section = {"serving": {"rate": 1, "requests": 9}} if phase == "serving" else {"inference": {"prompt": 16}}
    data = {"model": {**model, "max_length": 256}, "phase": phase, "cluster": "cs-3", **section}
    result = questions.run(questions.ask(data, file="case.yaml", folder=Path()), verify=False)
    assert result.status is not Status.DOES_NOT_FIT
    assert bool(result.answer) or "is not modelled: " in result.why


# Systems, lengths, precision, input


def test_two_thousand_systems_cost_a_few_hops() -> None:
    def at(systems: int) -> Answer:
        return answer(batch={"sequences": 24 * systems, "length": 512}, cluster={"machine": "cs-3", "systems": systems})

    one, all_of_them = at(1), at(2048)
    least, most = (float(each.figures["step_s"] or 0) for each in (one, all_of_them))
    assert 0 < least <= most < 1.02 * least
    assert all_of_them.events < 2 * one.events  # one wafer stands for all


def test_more_systems_never_take_longer_for_the_same_batch() -> None:
    times = [
        step(batch={"sequences": 64, "length": 512}, cluster={"machine": "cs-3", "systems": systems})["step_s"]
        for systems in (1, 2, 4, 8, 16, 32, 64)
    ]
    assert times == sorted(times, reverse=True)
    assert times[0] / times[-1] < 64


@pytest.mark.parametrize("length", [128, 512, 2048, 8192, 32768])
@pytest.mark.parametrize("phase", ["training", "evaluation"])
@pytest.mark.parametrize("cluster", ["cs-2", "cs-3"])
def test_lengths_from_128_to_32k_run(length: int, phase: str, cluster: str) -> None:
    model = {"preset": "llama-2-7b", "max_length": 32768}
    batch = {"sequences": 32768 // length, "length": length}
    assert result_of(model=model, batch=batch, phase=phase, cluster=cluster).status is Status.OK


def test_single_precision_is_slower_and_holds_less() -> None:
    half, mixed, single = (answer(precision=precision) for precision in ("fp16", "mixed", "fp32"))
    times = [float(each.figures["step_s"] or 0) for each in (half, mixed, single)]
    assert times == sorted(times)
    assert sum(line.bytes_per_core for line in single.memory) > sum(line.bytes_per_core for line in mixed.memory)


def test_a_slow_host_holds_everything_up() -> None:
    quick, slow = step()["step_s"], answer(hardware={"host.input": "10 kB/s"})
    tokens_s = 24 * 512 * 8 / 10_000
    assert slow.spent is not None
    assert slow.spent.total_s > tokens_s > 10 * quick
    assert slow.spent.by_cause["input"] > 0.9 * tokens_s
