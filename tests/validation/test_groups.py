"""Which rows are scored together, and what they are meant to reach."""

from collections.abc import Callable

import pytest

from wsesim.validation.groups import GOALS, KINDS, NO_GOAL, goal_of, group_of, kind_of, tier_of
from wsesim.validation.rows import Measurement

ReadRow = Callable[..., Measurement]
LARGE = {"model": "Llama-2-7B", "n_params_b": "6.74", "seq_len": "1024", "batch_global": "8"}
GROUPS: dict[str, dict[str, str]] = {
    "CS-2 GPT small": {},
    "CS-2 GPT": {"n_params_b": "0.256"},
    "CS-3 GPT": {"system": "CS-3", "n_params_b": ""},
    "CS-2 BERT": {"model": "BERT-base", "n_params_b": "0.11"},
    "CS-2 GPT-J, software 1.x": {"model": "GPT-J 6B", "software": "R1.9.2"},
    "CS-2 GPT-J": {"model": "GPT-J 6B", "software": "image 2.5.1"},
    "CS-3 Llama, few tokens": {**LARGE, "system": "CS-3"},
    "CS-3 Llama": {**LARGE, "system": "CS-3", "batch_global": "32"},
    "CS-2 Llama": {**LARGE, "batch_global": "32"},
    "CS-3 evaluation": {"system": "CS-3", "phase": "evaluation (forward only)"},
    "CS-3 Llama, adapters": {**LARGE, "system": "CS-3", "batch_global": "32", "phase": "training (LoRA)"},
    "CS-2 GPT small, adapters": {"phase": "fine-tuning", "notes": "LoRA"},
    "CS-2 decode": {"model": "Llama-3-8B", "phase": "decode"},
    "CS-3 teacher-forced": {"system": "CS-3", "phase": "decode (teacher-forced, pipelined)"},
    "CS-2 end to end": {"phase": "prefill+decode"},
    "CS-2 operator": {"layers": "", "phase": "operator"},
    "CS-3 host I/O": {"system": "CS-3", "phase": "host I/O"},
    "CS-2 job overhead": {"layers": "", "phase": "job overhead"},
    "CS-2 training (fixed-cost probe)": {"layers": "", "phase": "training (fixed-cost probe)"},
    "training FLOPs (model cards)": {"phase": "training (accounting)"},
    "served (vendor claims)": {"phase": "inference (served)"},
}


@pytest.mark.parametrize("group", GROUPS)
def test_groups(row_of: ReadRow, group: str) -> None:
    assert group_of(row_of(**GROUPS[group])) == group


def test_neither_the_id_nor_the_value_makes_a_group(row_of: ReadRow) -> None:
    assert group_of(row_of(id="EPCC-CS3-eval", value="1")) == group_of(row_of())


def test_the_same_batch_is_few_tokens_on_more_systems(row_of: ReadRow) -> None:
    cells = {**LARGE, "batch_global": "32"}
    assert not group_of(row_of(**cells, n_systems="1")).endswith("few tokens")
    assert group_of(row_of(**cells, n_systems="2")).endswith("few tokens")


def test_odd_cells_do_not_stop_a_table(row_of: ReadRow) -> None:
    assert group_of(row_of(n_params_b="about 7")) == "CS-2 GPT"
    assert group_of(row_of(n_params_b="7", batch_global="many", seq_len="")) == "CS-2 GPT"
    assert group_of(row_of(phase="")) == "CS-2 "


def test_kinds_in_the_order_of_a_report(row_of: ReadRow) -> None:
    rows = [row_of(**cells) for cells in GROUPS.values()]
    assert {kind_of(row) for row in rows} == set(KINDS)
    order = [kind_of(row) for row in sorted(rows, key=tier_of)]
    assert order == sorted(order, key=KINDS.index)
    assert group_of(min(rows, key=tier_of)) == "CS-2 GPT"


@pytest.mark.parametrize(
    ("group", "median", "worst"),
    [
        ("CS-2 GPT", 0.01, 0.03), ("CS-2 GPT small", None, None), ("CS-2 BERT", 0.05, 0.10),
        ("CS-2 Llama", None, 0.08), ("CS-2 GPT-J", None, None), ("CS-2 ESM", None, None),
        ("CS-3 Llama", 0.05, 0.12), ("CS-3 Llama, few tokens", 0.05, 0.12), ("CS-3 evaluation", None, 0.10),
        ("CS-2 prefill", 0.08, 0.25), ("CS-3 decode", 0.08, 0.25),
        ("CS-3 host I/O", None, None), ("served (vendor claims)", None, None),
    ],
)  # fmt: skip
def test_goals(group: str, median: float | None, worst: float | None) -> None:
    assert (goal_of(group).median, goal_of(group).worst) == (median, worst)


def test_every_goal_is_one_of_a_group() -> None:
    assert {goal_of(group) for group in GROUPS} == {*GOALS, NO_GOAL}
