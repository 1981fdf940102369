"""A step from question to result: what is there, what is not, and that the same asks for the same."""

import json
from dataclasses import asdict, replace
from hashlib import sha256
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from wsesim import __version__, questions
from wsesim.answer import Answer, Result, Status
from wsesim.answers import print_result
from wsesim.errors import InputError
from wsesim.mapping import StepRequest
from wsesim.model import model_names
from wsesim.questions.base import Question
from wsesim.system import Way, choice

BASE: dict[str, object] = {
    "model": "cerebras-gpt-111m",
    "batch": {"sequences": 24, "length": 512},
    "cluster": "cs-2",
    "verification": {"enabled": False},
}


def question_of(**changes: object) -> Question:
    return questions.ask({**BASE, **changes}, file="case.yaml", folder=Path())


def result_of(**changes: object) -> Result:
    return questions.run(question_of(**changes), verify=False)


def answer(**changes: object) -> Answer:
    found = result_of(**changes).answer
    assert found is not None
    return found


def test_an_answer_is_whole() -> None:
    result = result_of()
    assert (result.status, result.why) == (Status.OK, "")
    found = result.answer
    assert found is not None
    assert list(found.figures) == [spec.name for spec in result.specs]
    assert found.facts["batch"] == {"sequences": 24, "length": 512, "per_system": 24}
    assert found.facts["model"]["parameters"] == 111_050_496
    assert found.facts["machine"]["name"] == "CS-2"
    assert {op.phase for op in found.ops} <= {"forward", "backward", "recompute", "strips"}
    assert {interval.track for interval in found.timeline} >= {"wafer", "host", "swarmx down", "swarmx up", "memoryx"}
    assert sum(line.bytes_per_core for line in found.memory) <= found.memory_limit_bytes == 48 * 1024
    assert found.leaves_out
    assert result.verification is None


def test_an_answer_is_as_good_if_it_does_not_fit() -> None:
    result = result_of(batch={"sequences": 9600, "length": 2048, "sub_batch": 9600})
    assert result.status is Status.DOES_NOT_FIT
    assert "a core has 48 KiB" in result.why
    assert (result.answer, result.figures) == (None, {})
    memory, limit = result.outcome.memory, result.outcome.memory_limit_bytes  # type: ignore[union-attr]
    assert sum(line.bytes_per_core for line in memory) > limit == 48 * 1024
    assert result.provenance.inputs_sha256
    assert result.cost is not None
    assert result.cost.events == 0


def test_a_model_over_the_store_has_no_memory_table() -> None:
    result = result_of(hardware={"memoryx.capacity": "1 GB"})
    assert (result.status, result.outcome.memory) == (Status.DOES_NOT_FIT, ())  # type: ignore[union-attr]
    assert "memoryx.capacity" in result.why


@pytest.mark.parametrize("model", model_names())
@pytest.mark.every(4)
def test_every_model_is_answered(model: str) -> None:
    figures = answer(model=model, batch={"sequences": 2, "length": 128}, outputs={"timeline": False}).figures
    assert (figures["step_s"] or 0) > (figures["bound_s"] or 0) > 0


@pytest.mark.parametrize("machine", ["cs-1", "cs-2", "cs-3", "andromeda", "cg-1"])
def test_every_machine_answers(machine: str) -> None:
    assert result_of(batch={"sequences": 64, "length": 512}, cluster=machine).status is Status.OK


def test_the_timeline_can_be_left_out() -> None:
    assert answer(outputs={"timeline": False}).timeline == ()


def test_the_same_asks_for_the_same() -> None:
    first, second = (replace(result_of(), cost=None) for _ in range(2))
    assert first == second
    assert json.dumps(asdict(first), default=str) == json.dumps(asdict(second), default=str)


def test_the_file_leaves_no_trace_in_the_result() -> None:
    data = {**BASE, "name": "case"}
    elsewhere = questions.ask(data, file="/some/where/else.yaml", folder=Path("/some/where"))
    here, there = result_of(name="case"), questions.run(elsewhere, verify=False)
    assert replace(here, cost=None) == replace(there, cost=None)


CHANGES: dict[str, dict[str, object]] = {
    "model": {"model": "gpt2"},
    "layers": {"model": {"preset": "cerebras-gpt-111m", "layers": 11}},
    "batch": {"batch": {"sequences": 48, "length": 512}},
    "micro-batch": {"batch": {"sequences": 24, "length": 512, "micro_batch": 12}},
    "precision": {"precision": "fp16"},
    "precision_opt_level": {"precision_opt_level": 0},
    "machine": {"cluster": "cs-3"},
    "systems": {"cluster": {"machine": "cs-2", "systems": 2}},
    "a figure of the hardware": {"hardware": {"core.clock": "1 GHz"}},
    "a figure of the software": {"software": {"training.step": "1 s"}},
    "stack": {"software": "ideal"},
    "recompute": {"recompute": "always"},
    "token budget": {"token_budget": 10**9},
    "seed": {"verification": {"enabled": False, "seed": 1}},
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_hash_changes_with_every_input(change: str) -> None:
    assert result_of(**CHANGES[change]).provenance.inputs_sha256 != result_of().provenance.inputs_sha256


def test_the_hash_changes_with_the_content_of_a_file_that_is_read(tmp_path: Path) -> None:
    trace = tmp_path / "requests.csv"
    data = {**BASE, "model": "gpt2", "phase": "serving", "serving": {"trace": str(trace), "search": False}}
    data.pop("batch")
    sums = set()
    for requests in ("0,10,2\n", "0,10,3\n"):
        trace.write_text("arrival_s,prompt,output\n" + requests)
        sums.add(questions.run(questions.ask(data, file="x.yaml", folder=Path())).provenance.inputs_sha256)
    assert len(sums) == 2


def test_the_hash_does_not_change_with_what_was_left_out_and_is_now_said() -> None:
    said = result_of(precision="mixed", recompute="auto", cluster={"machine": "cs-2", "systems": 1}).provenance
    assert said.inputs_sha256 == result_of().provenance.inputs_sha256
    assert len(said.defaults) < len(result_of().provenance.defaults)


def test_a_result_can_be_run_again_from_itself() -> None:
    first = result_of(model="gpt2", hardware={"core.clock": "1 GHz"})
    again = questions.ask(first.provenance.workload, file="again.yaml", folder=Path())
    second = questions.run(again, verify=False)
    assert second.figures == first.figures
    assert second.provenance.inputs_sha256 == first.provenance.inputs_sha256


def test_what_is_given_and_not_read_is_told() -> None:
    result = result_of(
        model={"preset": "gpt2", "rotary_base": 9.0}, hardware={"code.exp_cycles": 9, "core.clock": "1 GHz"}
    )
    assert "model.rotary_base" in result.provenance.unread
    assert not {"hardware.core.clock", "model.preset", "batch.length"} & set(result.provenance.unread)


def test_a_format_of_weights_that_streams_not_is_said_once() -> None:
    result = result_of(model={"preset": "gpt2", "weight_format": "int8/allx1", "weight_packed": "ffn"})
    out = StringIO()
    print_result(result, Console(file=out, width=200), folder=Path("runs/one"))
    text = out.getvalue()
    assert text.count("model.weight_format") == 1
    assert "not read by this question" not in text
    assert "gpt2-changed" not in text


def test_one_sequence_is_one_in_the_title() -> None:
    question = questions.ask({**BASE, "batch": {"sequences": 1, "length": 512}}, file="case.yaml", folder=Path())
    assert ": 1 sequence of 512 tokens," in question.title


def test_progress_is_told() -> None:
    told: list[str] = []
    questions.run(question_of(), verify=False, say=told.append)
    assert told == ["mapping the step", "simulating a training step"]


def test_numbers_are_verified_only_if_asked() -> None:
    tiny: dict[str, object] = {"layers": 1, "width": 16, "heads": 2, "vocab": 64}
    asked = {"model": tiny, "batch": {"sequences": 1, "length": 8}, "verification": {"enabled": True, "length": 8}}
    result = questions.run(question_of(**asked))
    assert result.verification is not None
    assert result.verification.ok
    assert result_of(**asked).verification is None
    off = asked | {"verification": {"enabled": False}}
    assert questions.run(question_of(**off)).verification is None


def test_more_systems_share_a_batch_with_little_loss() -> None:
    """Weak scaling: the share of a system stays, only the tree grows."""
    one = answer(model="cerebras-gpt-13b", batch={"sequences": 90, "length": 2048}).figures["tokens_per_s"]
    many = answer(
        model="cerebras-gpt-13b", batch={"sequences": 1440, "length": 2048},
        cluster={"machine": "andromeda", "systems": 16},
    ).figures["tokens_per_s"]  # fmt: skip
    assert one is not None
    assert many is not None
    assert 0.99 < many / (16 * one) <= 1


def test_numbers_are_not_checked_where_there_is_no_answer() -> None:
    result = questions.run(question_of(verification={"enabled": True}, hardware={"core.sram": "2100 B"}))
    assert (result.status, result.verification) == (Status.DOES_NOT_FIT, None)
    assert result.notes == ("Not verified: there is no answer.",)


def test_checking_numbers_never_takes_more_memory_than_said() -> None:
    question = question_of(model="gpt3-175b", verification={"enabled": True, "whole": True}, recompute="always")
    result = questions.run(question)
    assert (result.status, result.verification) == (Status.OK, None)
    assert result.notes[0].startswith("Not verified: that takes ")
    with pytest.raises(InputError, match=r"case\.yaml: error: verification would take .* GiB; make"):
        questions.verify(question)


def test_partial_sums_of_level_0_take_longer_and_a_softmax_of_level_2_is_said_to_take_as_long() -> None:
    step_s = [float(result_of(precision_opt_level=level).figures["step_s"] or 0) for level in (0, 1, 2)]
    assert step_s[0] > step_s[1] == step_s[2]
    notes = [" ".join(result_of(precision_opt_level=level).notes) for level in (0, 1, 2)]
    for said, words in zip(notes, ("passes partial sums in 4 bytes", "", "takes the time of 1"), strict=True):
        assert words in said
    assert "precision_opt_level" not in notes[1]


@pytest.mark.parametrize("precision", ["fp16", "fp32"])
@pytest.mark.parametrize("level", [0, 2])
def test_levels_without_a_meaning_are_refused(precision: str, level: int) -> None:
    with pytest.raises(InputError, match=f"= {level} has no meaning with precision: {precision}, whose sums are"):
        result_of(precision=precision, precision_opt_level=level)
    assert result_of(precision=precision, precision_opt_level=1).status is result_of(precision=precision).status


def test_the_hash_is_that_of_all_inputs_in_plain_json() -> None:
    question = question_of()
    figures = [[figure.name, figure.text] for figure in question.asked.figures]
    plain = {"version": __version__, "workload": question.asked.resolved, "figures": figures, "files": []}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    assert questions.inputs_sha256(question) == sha256(text.encode()).hexdigest()


def test_a_run_looks_once_for_the_fastest_way(monkeypatch: pytest.MonkeyPatch) -> None:
    gone_through, seen = choice._gone_through, []

    def counted(request: StepRequest, search: choice.Search) -> list[Way]:
        seen.append(request)
        return gone_through(request, search)

    monkeypatch.setattr(choice, "_gone_through", counted)
    small = {"layers": 1, "width": 24, "heads": 1, "vocab": 77, "max_length": 8}  # on a part of the wafer, looked for
    question = question_of(model=small, batch={"sequences": 1, "length": 8})
    result = questions.run(question, verify=False, explain=True)
    assert result.answer is not None
    assert result.answer.limits
    assert len(seen) == 1
