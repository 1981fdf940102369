"""The values refuse nonsense, and derive what follows from them."""

import ast
import math
from dataclasses import FrozenInstanceError, fields, replace
from inspect import getsource
from types import ModuleType
from typing import Any

import pytest

from wsesim.errors import SpecError
from wsesim.hardware import PRECISIONS, Cluster, core, die, energy, load_cluster, price, specs

CLUSTER = load_cluster("cs-2").cluster
PARTS: list[Any] = [
    CLUSTER.wafer.core,
    CLUSTER.wafer.fabric,
    CLUSTER.wafer,
    CLUSTER.memoryx,
    CLUSTER.swarmx,
    CLUSTER.host,
    CLUSTER.wafer.silicon,
    CLUSTER.wafer.code,
    CLUSTER.wafer.energy,
    CLUSTER.wafer.die,
    CLUSTER.price,
    CLUSTER,
]
MAY_BE_ZERO = {
    "programming_s",
    "accumulator_bytes",
    "reserved_bytes",
    "vector_launch_cycles",
    "task_launch_cycles",
    "defects_per_cm2",
    "spare_share",
    "detour_cycles",
    "lost_columns",
    "seed",
    "wafer_usd",
    "system_usd",
    "kwh_usd",
    "latency_s",
    "hop_s",
    "hop_cycles",
    "upload_floor_s",
    "activation_cycles",
    "microthread_launch_cycles",
    "stamp_cycles",
    "bank_apart_bytes",
    *(field.name for field in fields(CLUSTER.wafer.code)),
    *(field.name for field in fields(CLUSTER.wafer.energy) if field.name != "clock_hz"),
} - {"voltage", "nameplate_w", "exp_cycles", "divide_cycles", "sqrt_cycles"}
NUMBERS = [(part, field.name) for part in PARTS for field in fields(part) if field.type in ("int", "float")]
IDS = [f"{type(part).__name__}.{name}" for part, name in NUMBERS]


@pytest.mark.parametrize(("part", "name"), NUMBERS, ids=IDS)
@pytest.mark.parametrize("value", [-1, math.nan, math.inf])
def test_no_number_is_negative_or_endless(part: Any, name: str, value: float) -> None:
    with pytest.raises(SpecError) as caught:
        replace(part, **{name: value})
    assert caught.value.name == name


@pytest.mark.parametrize(("part", "name"), NUMBERS, ids=IDS)
def test_zero_only_where_it_means_free(part: Any, name: str) -> None:
    if name in MAY_BE_ZERO:
        assert getattr(replace(part, **{name: 0}), name) == 0
    else:
        with pytest.raises(SpecError, match=r"must be (positive|a power of two)"):
            replace(part, **{name: 0})


def test_silicon_is_never_faster_than_designed() -> None:
    with pytest.raises(SpecError, match=r"must be at least 1, got 0\.9: silicon takes no cycles away") as caught:
        replace(CLUSTER.wafer.silicon, link_slowdown=0.9)
    assert caught.value.name == "link_slowdown"


def test_specs_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        CLUSTER.wafer.core.clock_hz = 1.0  # type: ignore[misc]


def test_a_core_keeps_some_memory_for_data() -> None:
    core = CLUSTER.wafer.core
    assert replace(core, reserved_bytes=core.sram_bytes - 1).usable_bytes == 1
    with pytest.raises(SpecError, match="nothing is left") as caught:
        replace(core, reserved_bytes=core.sram_bytes)
    assert caught.value.name == "reserved_bytes"


def test_fmac_rate_of_each_precision() -> None:
    assert [CLUSTER.wafer.core.fmac_per_cycle(precision) for precision in PRECISIONS] == [4, 2, 1, 2, 2]


def test_an_unknown_precision_names_the_nearest() -> None:
    with pytest.raises(SpecError, match="did you mean 'mixed'"):
        CLUSTER.wafer.core.fmac_per_cycle("mixd")
    with pytest.raises(SpecError, match="must be one of fp16, mixed, fp32, bf16, cb16"):
        CLUSTER.wafer.peak_flops("int8")


def test_a_wafer_sums_its_cores() -> None:
    wafer = CLUSTER.wafer
    assert wafer.cores == wafer.columns * wafer.rows == 745_500
    assert wafer.sram_bytes == wafer.cores * 46 * 1024
    assert wafer.peak_flops("mixed") == wafer.cores * 2 * 2 * 1.1e9


def test_a_tree_narrows() -> None:
    with pytest.raises(SpecError, match="at least 2") as caught:
        replace(CLUSTER.swarmx, fan_in=1)
    assert caught.value.name == "fan_in"


def test_a_cluster_has_no_more_systems_than_the_machine_can_have() -> None:
    assert replace(CLUSTER, systems=192).systems == 192
    with pytest.raises(SpecError, match="must be at most 192 on CS-2, got 193") as caught:
        replace(CLUSTER, systems=193)
    assert caught.value.name == "systems"


@pytest.mark.parametrize("module", [core, die, energy, price, specs])
def test_every_field_has_a_docstring_with_its_meaning(module: ModuleType) -> None:
    for node in ast.parse(getsource(module)).body:
        if isinstance(node, ast.ClassDef):
            for line, follower in zip(node.body, node.body[1:], strict=False):
                if isinstance(line, ast.AnnAssign):
                    assert isinstance(follower, ast.Expr), ast.unparse(line)


def test_cluster_is_a_value() -> None:
    assert replace(CLUSTER) == CLUSTER
    assert hash(replace(CLUSTER)) == hash(CLUSTER)
    assert isinstance(CLUSTER, Cluster)
