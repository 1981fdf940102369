"""The measured rows that a question is most like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from wsesim.errors import SpecError
from wsesim.measured import Row, Traits, nearest, read_rows, text_of

PLAIN = Traits(
    kind="training", machine="CS-2", software="release-2", features=frozenset(),
    sizes={"systems": 1, "parameters": 1e9, "length": 2048, "tokens": 1e6},
)  # fmt: skip


def row(id: str, group: str, error: float, traits: Traits = PLAIN, **changes: object) -> Row:
    return Row(id=id, group=group, traits=replace(traits, **changes), error=error)  # type: ignore[arg-type]


def sized(**sizes: float) -> Mapping[str, float]:
    return {**PLAIN.sizes, **sizes}


ROWS = (
    row("A-1", "small", -0.01), row("A-2", "small", 0.03, sizes=sized(parameters=4e9)),
    row("B-1", "encoders", 0.2, features=frozenset({"an encoder"})),
    row("B-2", "other machine", 0.1, machine="CS-3"),
    row("C-1", "tokens", 0.05, kind="decode"),
    row("K-1", "sums", 0.02, Traits(kind="kernel", machine="CS-2", software="", features=frozenset({"allreduce"}),
                                    sizes={"cores": 16})),
)  # fmt: skip


def test_rows_of_the_same_kind_machine_and_model_come_first() -> None:
    found = nearest(PLAIN, rows=ROWS)
    assert found is not None
    assert (found.group, found.row, found.rows, found.worst, found.unlike) == ("small", "A-1", 2, 0.03, ())
    assert found.median == pytest.approx(0.02)
    encoder = nearest(replace(PLAIN, features=frozenset({"an encoder"})), rows=ROWS)
    assert encoder is not None
    assert encoder.group == "encoders"


def test_what_is_unlike_the_rows_is_told() -> None:
    larger = sized(systems=16, parameters=7e10)
    asked = replace(PLAIN, machine="mine", software="ideal", features=frozenset({"experts"}), sizes=larger)
    found = nearest(asked, changed=2, rows=ROWS)
    assert found is not None
    assert found.unlike == (
        "machine mine", "software ideal", "2 figures changed", "experts", "16 systems (1 there)",
        "70B parameters (1B to 4B there)",
    )  # fmt: skip


def test_kin_speaks_where_a_kind_has_no_rows() -> None:
    served = replace(PLAIN, kind="serving")
    assert nearest(served, rows=ROWS) is None
    found = nearest(served, kin=("generate", "decode"), rows=ROWS)
    assert found is not None
    assert (found.group, found.unlike[0]) == ("tokens", "serving, not decode")


@pytest.mark.parametrize("length", [200, 600, 1025, 4097])
def test_tokens_known_ahead_do_not_speak_for_those_that_are_written(length: float) -> None:
    """They tell how soon tokens follow each other, not how long each takes."""
    sizes = {"systems": 1, "parameters": 8e9, "length": length}
    asked = Traits(kind="decode", machine="CS-3", software="waferllm", features=frozenset(), sizes=sizes)
    found = nearest(asked)
    assert found is not None
    assert found.group == "CS-3 decode"


def test_only_the_same_kernel_speaks_for_a_kernel() -> None:
    kernel = replace(ROWS[-1].traits, sizes={"cores": 64})
    assert nearest(kernel, rows=ROWS) is not None
    assert nearest(replace(kernel, features=frozenset({"gemv"})), rows=ROWS) is None


def test_rows_of_its_own_experiment_can_be_left_out() -> None:
    found = nearest(PLAIN, without="A", rows=ROWS)
    assert found is not None
    assert found.group == "encoders"


def test_blind_errors_are_the_ones_to_expect() -> None:
    blind = tuple(replace(each, left_out=0.09) for each in ROWS)
    found = nearest(PLAIN, rows=blind)
    assert found is not None
    assert found.within == 0.09


def test_sizes_have_names_and_are_above_zero() -> None:
    for sizes in ({"weight": 1.0}, {"systems": 0.0}):
        with pytest.raises(SpecError, match="sizes must be some of systems"):
            replace(PLAIN, sizes=sizes)


def test_the_rows_that_come_along_are_written_as_they_are_read() -> None:
    assert text_of(read_rows()).splitlines()[0].startswith("id,group,kind,machine")
    assert len({each.id for each in read_rows()}) == len(read_rows())
