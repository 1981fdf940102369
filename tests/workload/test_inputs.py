"""Names that are made of those of files."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from wsesim.workload import name_of

FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
stems = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=120)


@given(stems, stems)
@example("模型-1", "модель-1")
@example("模型", "модель")
@example("a b", "a-b")
@example("_a", "a")
@example("a" * 95, "a" * 96)
def test_different_names_have_different_folders(one: str, other: str) -> None:
    first, second = (name_of(f"x/{stem}.yaml", "workload") for stem in (one, other))
    assert (first == second) == (one == other)
    assert FOLDER.fullmatch(first)


def test_a_plain_name_stays_and_others_keep_what_can_stand_in_one() -> None:
    assert name_of("x/gpt2-a.b_c.yaml", "workload") == "gpt2-a.b_c"
    assert re.fullmatch(r"1-[0-9a-f]{8}", name_of("模型-1.yaml", "workload"))
    assert re.fullmatch(r"study-[0-9a-f]{8}", name_of("模型.yaml", "study"))
