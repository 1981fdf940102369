"""Ops of resident inference on simulated cores: which program runs, on which rectangle, and how near the form is."""

from dataclasses import replace

import pytest

from wsesim.hardware import load_cluster
from wsesim.mapping.resident import PlanGoal, ResidentPlan, ResidentRequest, plan_resident
from wsesim.model import ModelSpec, load_preset
from wsesim.software import load_software
from wsesim.trials.resident import ResidentTile, parts_of, resident_trials
from wsesim.trials.trial import NO_PROGRAM, Tried, first_that_runs

CLUSTER, SOFTWARE = load_cluster("cs-3").cluster, load_software("waferllm").for_inference()
LLAMA = replace(
    load_preset("gpt2"), activation="swiglu", norm="rms_norm", position="rotary", bias=False, attention_bias=False
)
PROGRAMS = {
    "attention.qkv": "gemv", "ffn.up": "gemv", "ffn.down": "gemv", "head.logits": "gemv", "attention.norm": "rms-norm",
    "attention.rotary": "rotary", "ffn.silu": "silu-gate", "ffn.residual": "residual",
    "attention.scores": "attention-decode",
}  # fmt: skip


def planned(model: ModelSpec, **changes: object) -> ResidentPlan:
    request = ResidentRequest(
        model=model, cluster=CLUSTER, software=SOFTWARE, positions=512, placement="blocks", decode_grid=100, chunk=256,
        **changes,  # type: ignore[arg-type]
    )  # fmt: skip
    found = plan_resident(request, PlanGoal(prompt=256, position=300, passes=1))
    assert isinstance(found, ResidentPlan)
    return found


def program(tile: ResidentTile, name: str) -> str:
    trials = list(resident_trials(tile, name))
    return trials[0].program if trials else NO_PROGRAM


def test_each_op_of_a_token_has_its_program() -> None:
    tile = ResidentTile.of_token(planned(LLAMA), 300, 1)
    assert {name: program(tile, name) for name in PROGRAMS} == PROGRAMS
    for name in ("attention.softmax", "handover", "embed.tokens", "head.choice", "nothing"):
        assert program(tile, name) == NO_PROGRAM


def test_a_prompt_runs_as_mesh_gemm_and_its_last_token_as_a_vector() -> None:
    tile = ResidentTile.of_prompt(planned(LLAMA), 256)
    for name in ("attention.qkv", "attention.scores", "attention.sum", "ffn.down"):
        assert program(tile, name) == "mesh-gemm"
    assert program(tile, "attention.softmax") == "softmax"
    assert program(tile, "head.logits") == "gemv"


def test_ops_that_share_a_trial_are_one() -> None:
    plan = planned(LLAMA)
    tile, token = ResidentTile.of_token(plan, 300, 1), plan.decode(300)
    parts = parts_of(tile, token.ops)
    assert parts["ffn.up"][0] == ("ffn.up", "ffn.gate")
    assert parts["attention.scores"][0] == ("attention.scores", "attention.softmax", "attention.sum")
    assert sum(cycles for _, cycles in parts.values()) == pytest.approx(sum(op.cycles for op in token.ops))


@pytest.mark.parametrize("name", ["attention.qkv", "ffn.up", "ffn.down"])
def test_forms_of_products_are_near_the_cores(name: str) -> None:
    tile = ResidentTile.of_token(planned(LLAMA), 300, 1)
    ran = first_that_runs(resident_trials(tile, name), CLUSTER.wafer)
    assert isinstance(ran, Tried)
    assert 0.5 < ran.ratio < 2


def test_biases_and_experts_do_not_keep_products_from_their_trial() -> None:
    plain, rich = (
        ResidentTile.of_token(planned(model, must_fit=False), 300, 1)
        for model in (LLAMA, replace(LLAMA, bias=True, experts=4, experts_per_token=2))
    )
    for name in ("ffn.up", "ffn.down"):
        one, other = (next(resident_trials(tile, name)) for tile in (plain, rich))
        assert (one.program, one.grid, one.shape) == (other.program, other.grid, other.shape)
