"""What one question leaves known changes no other: batches, passes and memory in any order."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.answer import DoesNotFit
from wsesim.graph import Graph, with_training
from wsesim.hardware import load_cluster
from wsesim.mapping import StepRequest, known
from wsesim.model import build_graph, load_preset
from wsesim.software import load_software
from wsesim.system import choice, fastest

MODEL = replace(load_preset("gpt2"), layers=2, width=64, heads=4, kv_heads=4, head_width=16, ffn_width=256, vocab=200)
ASKED = st.fixed_dictionaries({
    "sequences": st.sampled_from([1, 9, 64, 200, 512]), "micro_batch": st.sampled_from([None, 1, 8, 64, 128]),
    "sub_batch": st.sampled_from([None, None, 1, 8]), "sram": st.sampled_from(["8 KiB", "12 KiB", "24 KiB"]),
    "systems": st.sampled_from([1, 2]),
})  # fmt: skip


@cache
def _graph() -> Graph:
    return with_training(build_graph(MODEL, sequences=1, length=256))


def _answer(
    sequences: int, micro_batch: int | None, sub_batch: int | None, sram: str, systems: int
) -> object:  # fmt: skip
    small = {"core.sram": sram, "wafer.columns": 24, "wafer.rows": 24}
    request = StepRequest(
        graph=_graph().with_dims(batch=sequences), sequences=sequences, length=256, precision="mixed",
        cluster=load_cluster("cs-2", systems=systems, overrides=small).cluster, recompute="auto",
        software=load_software("release-2").for_training(),
        micro_batch=micro_batch if micro_batch is None else min(micro_batch, max(1, sequences // systems)),
        sub_batch=sub_batch if micro_batch is not None and (sub_batch or 0) <= micro_batch else None,
    )  # fmt: skip
    ways = fastest(request, alone=True)
    if isinstance(ways, DoesNotFit):
        return ways
    return ways[0].timed.step_s, ways[0].program.passes


def _holds(asked: list[dict[str, object]]) -> None:
    alone = []
    for each in asked:
        known._known.clear()
        alone.append(_answer(**each))  # type: ignore[arg-type]
    known._known.clear()
    assert [_answer(**each) for each in asked] == alone  # type: ignore[arg-type]


@settings(max_examples=6)
@given(st.lists(ASKED, min_size=3, max_size=4))
def test_answers_do_not_depend_on_what_was_asked_before(asked: list[dict[str, object]]) -> None:
    _holds(asked)


@pytest.mark.parametrize("order", [(128, 512), (512, 128), (1024, 256)])
def test_batches_of_one_micro_batch_have_passes_of_their_own(order: tuple[int, int]) -> None:
    _holds([{"sequences": sequences, "micro_batch": 128, "sub_batch": None, "sram": "12 KiB", "systems": 1}
            for sequences in order])  # fmt: skip


def test_where_bounds_leave_nothing_by_a_rounding_the_first_good_way_is_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: dict[str, object] = {"sequences": 64, "micro_batch": None, "sub_batch": None, "sram": "24 KiB", "systems": 1}
    known._known.clear()
    before = _answer(**asked)  # type: ignore[arg-type]
    monkeypatch.setattr(choice, "_gone_through", lambda request, search: [])
    assert _answer(**asked) == before  # type: ignore[arg-type]
