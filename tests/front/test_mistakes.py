"""What a stranger gets wrong in Python: one class of error, in a line that says what would be right."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.front.conftest import TINY

import wsesim
from wsesim.questions.base import Question

CLOSED: dict[str, Any] = {"level": "closed", "keep": False}
SMALL: dict[str, Any] = {"kernel": "allreduce-2d", "machine": "cs-2", "grid": (4, 4), "shape": 8}
PREFILL: dict[str, Any] = {"model": "llama-3-8b", "phase": "prefill", "machine": "cs-3", "inference": {"prompt": 64}}

TWICE: dict[str, Any] = {"times": "2"}
GPUS: dict[str, Any] = {"level": "closed", "gpus": 5}

MISTAKES: dict[str, Callable[[Question], object]] = {
    "verify must be True or False; got 'no'": lambda tiny: wsesim.run(tiny, verify="no"),  # type: ignore[arg-type]
    "gpt2 is a model, and no file of a question; name it, model='gpt2'": lambda tiny: wsesim.run("gpt2"),
    "cs-3 is a machine, and no file of a question; name it, machine='cs-3'": lambda tiny: wsesim.load("cs-3"),
    "set must be a mapping": lambda tiny: wsesim.load(tiny, set="batch.sequences=60"),  # type: ignore[arg-type]
    "lvl is neither an argument here nor a key of a question, did you mean 'level'?": lambda tiny: wsesim.run(
        tiny, lvl="closed"
    ),
    "gpu is neither an argument here nor a key of a question, did you mean 'gpus'?": lambda tiny: wsesim.run(
        tiny, gpu="h100x8"
    ),
    "keep is neither an argument here nor a key of a question; other functions take it": lambda tiny: wsesim.run(
        tiny, keep=False
    ),
    "Model takes a name or a path; got 5": lambda _: wsesim.Model(5),  # type: ignore[arg-type]
    "Machine takes a name or a path; got Machine('cs-3')": lambda _: wsesim.Machine(wsesim.Machine("cs-3")),  # type: ignore[arg-type]
    "model.layers is missing": lambda _: wsesim.Model(),
    "model.heads = 4 does not divide model.width = 65": lambda _: wsesim.Model(layers=2, width=65, heads=4, vocab=64),
    "a kernel is a name, or the path of a file; got None": lambda _: wsesim.kernel(None, grid=(4, 4), shape=8),  # type: ignore[arg-type]
    "jobs must be a whole number of 1 or more; got '2'": lambda tiny: wsesim.sweep(
        tiny, {"cluster.systems": [1, 2]}, **{**CLOSED, "jobs": "2"}
    ),
    "points take about": lambda _: wsesim.sweep(
        SMALL, {"seed": "0..200", "hardware.core.clock": "1GHz..2GHz:100"}, **CLOSED
    ),
    "Machine('cs-3', systems=2) is no single value; write it under scenarios": lambda tiny: wsesim.sweep(
        tiny, {"cluster": [wsesim.Machine("cs-3", systems=2)]}, **CLOSED
    ),
    "require: powr_w is neither a setting nor a figure of what is asked, did you mean 'power_w'?": (
        lambda tiny: wsesim.sweep(tiny, {"cluster.systems": [1, 2]}, require=["powr_w < 25 kW"], **CLOSED)
    ),
    "derive: hardware.core.srm is not a setting of what is asked, did you mean 'hardware.core.sram'?": (
        lambda tiny: wsesim.sweep(
            tiny, {"cluster.systems": [1]}, derive={"hardware.core.clock": "hardware.core.srm"}, **CLOSED
        )
    ),
    "days=-3: days takes a number above zero": lambda tiny: wsesim.size(tiny, days=-3, **CLOSED),
    "days='3 days': days takes a number above zero": lambda tiny: wsesim.size(tiny, **{**CLOSED, "days": "3 days"}),
    "ttft=300: ttft takes a time above zero with its unit, 300ms": lambda _: wsesim.size(
        PREFILL, **{**CLOSED, "ttft": 300}
    ),
    "ttft='3 GB': ttft takes a time above zero": lambda _: wsesim.size(PREFILL, ttft="3 GB", **CLOSED),
    "largest_rate_per_s is no figure of training, but of serving": lambda tiny: wsesim.size(tiny, rate=3, **CLOSED),
    "got 'cs-33', did you mean 'cs-3'?": lambda tiny: wsesim.size(tiny, days=1, machines="cs-33", **CLOSED),
    "times must be a number; got '2'": lambda tiny: wsesim.sensitivity(tiny, **TWICE),
    "vary must be a mapping": lambda tiny: wsesim.indices(tiny, "hardware.core.clock=1GHz..2GHz", **CLOSED),  # type: ignore[arg-type]
    "seed must be a whole number of 0 or more; got 'a'": lambda tiny: wsesim.indices(tiny, **{**CLOSED, "seed": "a"}),
    "goal takes a text, or a list of texts; got 5": lambda tiny: wsesim.size(tiny, **{**CLOSED, "goal": 5}),
    "machines takes a text, or a list of texts; got 5": lambda tiny: wsesim.size(
        tiny, **{**CLOSED, "days": 1, "machines": 5}
    ),
    "gpus takes a text, or a list of texts; got 5": lambda tiny: wsesim.run(tiny, verify=False, **GPUS),
    "no path has a null character": lambda _: wsesim.load("x\0.yaml"),
    "hardware.core.clok is not": lambda _: wsesim.kernel(
        "gemv", grid=(4, 4), shape=(8, 8), set={"hardware.core.clok": "1 GHz"}
    ),
    "samples must be a whole number of 2 or more; got 0": lambda tiny: wsesim.indices(tiny, samples=0, **CLOSED),
}


@pytest.mark.parametrize("said", MISTAKES)
def test_a_mistake_is_one_line_and_one_class(said: str, tiny: Question) -> None:
    with pytest.raises(wsesim.InputError) as caught:
        MISTAKES[said](tiny)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_answer_is_compared_by_what_was_found(tiny: Question, tmp_path: Path) -> None:
    result, again = (wsesim.run(tiny, level="closed", verify=False) for _ in range(2))
    other = wsesim.run(tiny, level="closed", verify=False, machine="cs-3")
    assert result == again != other
    assert len({result, again, other, pickle.loads(pickle.dumps(result))}) == 2
    for mistake, said in (
        (lambda: result.frame(5), "there is no table 5"),  # type: ignore[arg-type]
        (lambda: result.plot(ax=5), "ax takes axes of matplotlib; got 5"),  # type: ignore[arg-type]
        (lambda: result.save(5), "save takes the path of a folder; got 5"),  # type: ignore[arg-type]
        (lambda: wsesim.load(result), "result.provenance.workload is its question"),  # type: ignore[arg-type]
        (lambda: [each.save(tmp_path / "run") for each in (result, other)], "from Python: force=True"),
    ):
        with pytest.raises(wsesim.InputError, match=said):
            mistake()


@pytest.mark.parametrize(("make", "other"), [
    (lambda: wsesim.Model("gpt2", layers=2), wsesim.Model("gpt2", layers=3)),
    (lambda: wsesim.Machine("cs-3", **{"core.sram": "96 KiB"}), wsesim.Machine("cs-3")),
    (lambda: wsesim.Software("ideal"), wsesim.Software("release-2")),
])  # fmt: skip
def test_parts_are_values(make: Callable[[], object], other: object) -> None:
    assert len({make(), make(), other, pickle.loads(pickle.dumps(other))}) == 2


def test_parts_stand_in_studies_where_names_do(tiny: Question) -> None:
    machines = [wsesim.Machine("cs-2"), "cs-3"]
    table = wsesim.sweep(
        tiny, {"cluster": machines, "batch.length": 4}, set={"software": wsesim.Software("ideal")}, **CLOSED
    )
    assert table.frame()["cluster"].tolist() == ["cs-2", "cs-3"]
    roomy = wsesim.Machine("cs-3", systems=2, **{"core.sram": "96 KiB"})
    found = wsesim.sweep(tiny, scenarios={"roomy": {"cluster": roomy}, "narrow": {"model.heads": 1}}, **CLOSED)
    direct = wsesim.run(tiny, machine=roomy, level="closed", verify=False)
    assert found.frame()["step_s"][0] == direct.figures["step_s"]


def test_gpus_are_a_name_or_several() -> None:
    one, several = (wsesim.run(TINY, level="closed", verify=False, gpus=gpus) for gpus in ("h100x1", ["h100x1"]))
    assert one == several


@pytest.mark.parametrize("listing", [wsesim.models, wsesim.machines, wsesim.stacks, lambda: wsesim.machines("cs-2")])
def test_what_is_not_listed_is_told_with_the_nearest(listing: Callable[[], wsesim.Listing]) -> None:
    found = listing()
    first = next(iter(found))
    with pytest.raises(
        wsesim.InputError, match=f"^error: there is no '{first}x' among the .*, did you mean '{first}'"
    ) as caught:
        _ = found[f"{first}x"]
    assert isinstance(caught.value, KeyError)
    assert (f"{first}x" in found, found.get(f"{first}x"), first in found) == (False, None, True)
    assert json.loads(json.dumps(found.to_dict()))[first].keys() == found[first].keys()


def test_a_whole_section_that_is_set_says_what_it_takes_away(tiny: Question) -> None:
    whole = wsesim.load(tiny, set={"batch": {"sequences": 2}, "model.max_length": 8})
    (note,) = (note for note in whole.asked.notes if "takes the place" in note)
    assert note == "batch takes the place of the whole section: batch.length counts no more."
    kept = wsesim.load(tiny, set={"batch.sequences": 2})
    assert not any("takes the place" in note for note in kept.asked.notes)
