"""What inference says it depends on is what it depends on: each fact and figure, perturbed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any

import pytest

from wsesim.errors import NotModelled
from wsesim.hardware import load_cluster, override_names
from wsesim.mapping.resident import DoesNotFit, PhaseTime, ResidentRequest, plan_resident
from wsesim.mapping.resident.reads import PROMPT_READS, REQUEST_READS, TOKEN_READS
from wsesim.model import Model, load_preset
from wsesim.software import load_software, software_override_names

LLAMA = Model(
    name="small", layers=4, width=96, heads=8, kv_heads=4, head_width=12, ffn_width=256, vocab=700, max_length=512,
    activation="swiglu", norm="rms_norm", position="rotary", bias=False, attention_bias=False, tied=False,
)  # fmt: skip
ENCODER = replace(LLAMA, causal=False, norm_order="post")


@dataclass(frozen=True, kw_only=True)
class Case:
    """Something asked, small."""

    model: Model
    machine: str = "cs-2"
    stack: str = "waferllm"
    request: dict[str, Any] = field(default_factory=dict)


SQUARE = {"placement": "whole", "decode_grid": 24, "positions": 256}
CASES = {
    "two wafers": Case(model=LLAMA, request={**SQUARE, "wafers": 2, "stages": 2, "chunk": 32, "batch": 4}),
    "scalar loops": Case(
        model=replace(LLAMA, activation="gelu", norm="layer_norm", position="learned", bias=True, tied=True),
        machine="cs-3", stack="waferengine", request={**SQUARE, "chunk": 32, "batch": 4},
    ),
    "experts": Case(
        model=replace(LLAMA, experts=4, experts_per_token=2, expert_imbalance=1.5),
        request={**SQUARE, "decode_grid": 12, "chunk": 32, "batch": 32, "must_fit": False},
    ),
    "masked words": Case(
        model=replace(ENCODER, task="mlm", position="learned", token_types=2), request=SQUARE
    ),
    "classes": Case(model=replace(ENCODER, task="classify"), request=SQUARE),
    "rectangles": Case(model=load_preset("llama-3-8b"), machine="cs-3", request={"positions": 8192}),
}  # fmt: skip
FEW = tuple(name for name in CASES if name != "rectangles")
OPEN = {"wafer", "core.sram", "core.reserved", "inference.fills", "inference.vectors_at_work"}
"""What is perturbed where the mapping chooses, which takes longer."""
MODEL: dict[str, Any] = {
    "name": "other", "source": "elsewhere", "layers": 5, "width": 120, "heads": 12, "kv_heads": 2, "head_width": 16,
    "ffn_width": 300, "vocab": 900, "max_length": 600, "activation": "relu", "rotary_width": 6, "block": "parallel",
    "token_types": 3, "task": "classify", "classes": 9, "masked": 7, "sentence_head": False, "sparsity": 0.5,
    "experts": 8, "experts_per_token": 1, "expert_imbalance": 1.9, "norm_epsilon": 1e-3, "rotary_base": 5e5,
    "token_budget": 100,
}  # fmt: skip
TURNED = {
    "rms_norm": "layer_norm", "layer_norm": "rms_norm", "learned": "rotary", "rotary": "learned", "pre": "post",
    "post": "pre",
}  # fmt: skip
MACHINE_TEXTS = {
    machine: {figure.name: figure.text for figure in load_cluster(machine).figures} for machine in ("cs-2", "cs-3")
}
STACK_TEXTS = {
    stack: {figure.name: figure.text for figure in load_software(stack).figures}
    for stack in ("waferllm", "waferengine")
}


def shown(time: PhaseTime) -> tuple[object, ...]:
    parts = tuple(sorted(time.parts.items()))
    return time.seconds, parts, time.interval_cycles, time.flops, time.fabric_bytes, time.sram_bytes


def found(case: Case, hardware: dict[str, Any], software: dict[str, Any]) -> dict[str, object]:
    """Return what a prompt and a token come to."""
    cluster = load_cluster(case.machine, systems=2, overrides=hardware).cluster
    stack = load_software(case.stack, overrides=software).for_inference()
    try:
        plan = plan_resident(ResidentRequest(model=case.model, cluster=cluster, software=stack, **case.request))
    except NotModelled as error:
        return {"prompt": str(error), "token": str(error)}
    if isinstance(plan, DoesNotFit):
        return {"prompt": plan.why, "token": plan.why}
    placed, batch = (plan.memory, plan.stages, plan.tables), case.request.get("batch", 1)
    read = shown(plan.prefill(200)), plan.chunk, plan.together, placed
    answers: dict[str, object] = {"prompt": read, "token": "not modelled"}
    if plan.request.writes:
        answers["token"] = (
            shown(plan.decode(200, batch=batch)),
            shown(plan.decode(200, batch=batch, group=batch)),
            placed,
        )
    return answers


@cache
def before(name: str) -> dict[str, object]:
    return found(CASES[name], {}, {})


def moved(name: str, case: Case, hardware: dict[str, Any], software: dict[str, Any]) -> set[str]:
    after = found(case, hardware, software)
    return {phase for phase, answer in before(name).items() if after[phase] != answer}


def others(text: str) -> Iterator[Any]:
    """Yield values above and below a figure, so that one of them binds."""
    if text in ("true", "false"):
        yield text != "true"
    elif number := re.match(r"([0-9.]+)(.*)$", text):
        value, unit, whole = float(number[1]), number[2], "." not in number[1]
        for other in (4 * value or 3, value / 4):
            changed = max(1, round(other)) if whole else other
            yield f"{changed:g}{unit}" if unit else changed


def cases_of(name: str) -> tuple[str, ...]:
    return tuple(CASES) if name in OPEN or name.partition(".")[0] in OPEN else FEW


@pytest.mark.parametrize("name", sorted(name for name in override_names() if not name.startswith("cluster.")))
def test_what_is_said_of_a_machine_is_so(name: str) -> None:
    answers = {
        phase
        for case in cases_of(name)
        for value in others(MACHINE_TEXTS[CASES[case].machine][name])
        for phase in moved(case, CASES[case], {name: value}, {})
    }
    assert answers == {
        phase for phase, reads in (("prompt", PROMPT_READS), ("token", TOKEN_READS)) if name in reads.hardware
    }


@pytest.mark.parametrize("name", sorted(name for name in software_override_names() if name.startswith("inference.")))
def test_what_is_said_of_software_is_so(name: str) -> None:
    answers = {
        phase
        for case in cases_of(name)
        for value in others(STACK_TEXTS[CASES[case].stack][name])
        for phase in moved(case, CASES[case], {}, {name: value})
    }
    assert answers == {
        phase for phase, reads in (("prompt", PROMPT_READS), ("token", TOKEN_READS)) if name in reads.software
    }


def changed(model: Model, name: str) -> Model | None:
    """Return *model* with another value of a field; None where that cannot be."""
    now = getattr(model, name)
    value: Any = not now if isinstance(now, bool) else MODEL[name] if name in MODEL else TURNED[now]
    if name == "causal" or (name in ("experts_per_token", "expert_imbalance") and not model.experts):
        return None
    if {name, model.norm_order} == {"block", "post"} or {name, model.block} == {"norm_order", "parallel"}:
        return None
    changes: dict[str, Any] = {name: value}
    return replace(model, **changes)


@pytest.mark.parametrize("name", [found.name for found in fields(Model) if found.name != "causal"])
def test_what_is_said_of_a_model_is_so(name: str) -> None:
    answers = {
        phase
        for case in FEW
        if (model := changed(CASES[case].model, name))
        for phase in moved(case, replace(CASES[case], model=model), {}, {})
    }
    assert answers == {
        phase for phase, reads in (("prompt", PROMPT_READS), ("token", TOKEN_READS)) if name in reads.model
    }


def test_an_encoder_reads_whole_prompts_and_writes_nothing() -> None:
    cluster, software = load_cluster("cs-2").cluster, load_software("waferllm").for_inference()
    request = ResidentRequest(model=ENCODER, cluster=cluster, software=software, positions=256)
    plan = plan_resident(request)
    assert not isinstance(plan, DoesNotFit)
    assert (plan.chunk, plan.together) == (256, None)
    with pytest.raises(NotModelled, match="an encoder, is not modelled: every token sees all others"):
        plan.decode(10)


def test_what_requests_read_beside_is_no_matter_of_the_placement() -> None:
    assert not REQUEST_READS.hardware & (PROMPT_READS | TOKEN_READS).hardware
    assert not REQUEST_READS.software & (PROMPT_READS | TOKEN_READS).software
