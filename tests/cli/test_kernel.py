from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from wsesim import answers, questions
from wsesim.cli import cli
from wsesim.cores import jit
from wsesim.cores.programs import PROGRAMS

pytestmark = pytest.mark.xdist_group("engine")  # one worker compiles it
CHAIN = ("reduce-chain", "--grid", "4x2", "--shape", "8")


def call(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["kernel", *map(str, arguments)], prog_name="wsesim")


def refused(*arguments: object) -> str:
    """Return what stderr says, having seen that it is a message and nothing else went wrong."""
    found = call(*arguments)
    assert found.exit_code == 2, found.output
    assert "Traceback" not in found.output
    assert not found.stdout
    return found.stderr


@pytest.mark.parametrize("arguments", [(), ("--list",), ("reduce-chain", "--list")])
def test_without_a_name_all_are_listed(arguments: tuple[str, ...]) -> None:
    said = call(*arguments).stdout
    for name, program in PROGRAMS.items():
        (line,) = (line for line in said.splitlines() if line.split()[:1] == [name])
        assert line.endswith(program.summary)


def test_a_name_alone_says_what_there_is_to_choose() -> None:
    said, program = call("reduce-chain").stdout, PROGRAMS["reduce-chain"]
    assert f"reduce-chain: {program.summary}" in said
    assert program.picture.splitlines()[0] in said
    assert f"--shape {program.shape_help}" in said
    (told,) = json.loads(call("reduce-chain", "--json").stdout)["kernels"]
    assert told["shape"] == program.shape_help


def test_the_list_as_json() -> None:
    document = json.loads(call("--json").stdout)
    assert [kernel["name"] for kernel in document["kernels"]] == list(PROGRAMS)
    assert all(kernel["picture"] and kernel["shape"] for kernel in document["kernels"])


def test_a_run() -> None:
    found = call(*CHAIN)
    assert found.exit_code == 0
    said = " ".join(found.stdout.split())
    for part in ("reduce-chain of 8 on 4 x 2 cores of CS-2", "cycles 36", "32.7 ns at 1.1 GHz", "36 cycles (+0.0 %)",
                 "48 wavelet hops", "All 16 values equal NumPy's."):  # fmt: skip
        assert part in said


def test_the_program_is_printed() -> None:
    said = " ".join(call(*CHAIN, "--listing").stdout.split())
    assert "fmovs fabout(" in said
    assert "collective.py, line" in said
    assert "a closed form has nothing to list; leave out" in refused(*CHAIN, "--level", "closed", "--listing")


def test_a_run_as_json() -> None:
    document = json.loads(call(*CHAIN, "--json", "--machine", "cs-3", "--option", "type=i32").stdout)
    assert (document["status"], document["kind"], document["right"]) == ("ok", "kernel", True)
    figures = document["figures"]
    assert (figures["cycles"], figures["closed_cycles"], figures["max_error"]) == (38, 38, 0)
    assert document["facts"]["work"] == {"adds": 48, "hops": 48}


def test_values_that_are_no_numbers_are_wrong_and_still_json(monkeypatch: pytest.MonkeyPatch) -> None:
    right = PROGRAMS["reduce-chain"]
    original = right.prepare
    assert original is not None

    def prepare(*arguments: object) -> object:
        prepared = original(*arguments)  # type: ignore[arg-type]
        return replace(prepared, read=lambda ran: prepared.read(ran) * np.inf)

    patched = {**PROGRAMS, "reduce-chain": replace(right, prepare=prepare)}  # type: ignore[arg-type]
    monkeypatch.setattr("wsesim.cores.programs.PROGRAMS", patched)
    found = call(*CHAIN, "--json")
    assert found.exit_code == 1
    document = json.loads(found.stdout)
    assert (document["right"], document["figures"]["max_error"]) == (False, None)
    assert "16 of 16 differ, some are no finite numbers" in " ".join(call(*CHAIN).stdout.split())


def test_a_deep_sum_of_halves_is_compared_to_the_last_bit() -> None:
    found = call("mesh-gemm", "--grid", "8x8", "--shape", "8x2048x8", "--json")
    assert found.exit_code == 0
    figures = json.loads(found.stdout)["figures"]
    assert (figures["compared_values"], figures["differing_values"], figures["max_error"]) == (64, 0, 0)


def test_it_is_the_same_question_as_that_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "chain.yaml"
    file.write_text("kernel: reduce-chain\ngrid: [4, 2]\nshape: [8]\ncluster: cs-2\nsilicon: false\npictures: 0\n")
    result = answers.result_json(questions.run(questions.load(file)))
    assert json.loads(call(*CHAIN, "--json").stdout)["figures"] == result["figures"]


def test_the_closed_form() -> None:
    arguments = ("reduce-chain", "--grid", "750x994", "--shape", "1024", "--level", "closed")
    said = " ".join(call(*arguments).stdout.split())
    assert "reduce-chain of 1024 on 750 x 994 cores of CS-2" in said
    assert "5,528" in said
    assert json.loads(call(*arguments, "--json").stdout)["right"] is None


def test_values_can_be_left_out_and_rows_folded() -> None:
    said = call(*CHAIN, "--no-verify", "--fold").stdout
    assert "NumPy" not in said
    assert "One part was simulated" in said


def test_a_measure_and_silicon() -> None:
    arguments = ("message", "--grid", "2x1", "--shape", "512", "--measure", "cycles_per_wavelet")
    document = json.loads(call(*arguments, "--silicon", "--json").stdout)
    assert document["figures"] == {"cycles_per_wavelet": 1.125}


def test_what_has_no_room_is_an_answer() -> None:
    found = call("reduce-chain", "--grid", "4x1", "--shape", "20000")
    assert found.exit_code == 0
    assert "needs 78.1 KiB for its data on each core, which has 46 KiB" in " ".join(found.stdout.split())


def test_quiet_is_quiet() -> None:
    for arguments in ((), CHAIN):
        found = call(*arguments, "--quiet")
        assert (found.exit_code, found.output) == (0, "")


def test_values_that_differ_are_a_failed_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    right = PROGRAMS["reduce-chain"]
    original = right.prepare
    assert original is not None

    def prepare(*arguments: object) -> object:
        prepared = original(*arguments)  # type: ignore[arg-type]
        return replace(prepared, expected=prepared.expected + 1)

    patched = {**PROGRAMS, "reduce-chain": replace(right, prepare=prepare)}  # type: ignore[arg-type]
    monkeypatch.setattr("wsesim.cores.programs.PROGRAMS", patched)
    found = call(*CHAIN)
    assert found.exit_code == 1
    assert "Values are NOT NumPy's: 16 of 16 differ, largest difference 1." in " ".join(found.stdout.split())
    assert json.loads(call(*CHAIN, "--json").stdout)["right"] is False
    quiet = call(*CHAIN, "--quiet")
    assert (quiet.exit_code, quiet.stdout) == (1, "")
    assert quiet.stderr == "wsesim: Values that were computed on the way are WRONG.\n"


def test_without_the_compiler_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "COMPILED", False)
    assert "pip install numba" in " ".join(call(*CHAIN).stdout.split())
    said = " ".join(call("reduce-chain", "--grid", "700x1", "--shape", "4096").stdout.split())
    assert "There is no answer." in said
    assert "take too long without numba: pip install numba" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("reduc-chain",), "no such kernel 'reduc-chain', did you mean 'reduce-chain'?"),
        (("reduce-chain", "--silicon"), "reduce-chain needs --grid COLUMNSxROWS, for example 64x1"),
        (("reduce-chain", "--grid", "4x1"), "reduce-chain needs --shape LENGTH: values on each core"),
        (("reduce-chain", "--grid", "4", "--shape", "4"), "--grid must be COLUMNSxROWS, for example 64x1; got '4'"),
        (("reduce-chain", "--grid", "4x0", "--shape", "4"), "--grid must be whole numbers from 1 on"),
        (("reduce-chain", "--grid", "4x1", "--shape", "4,5"), "with x between them: 4x5; got '4,5'"),
        (("reduce-chain", "--grid", "751x1", "--shape", "4"), "grid = 751 x 1 does not fit the wafer"),
        ((*CHAIN, "--machine", "cs2"), "got 'cs2', did you mean 'cs-2'?"),
        ((*CHAIN, "--option", "type"), "--option must be NAME=VALUE, for example group=16; got 'type'"),
        ((*CHAIN, "--option", "type=f32", "--option", "type=i32"), "--option type is given twice"),
        ((*CHAIN, "--option", "tpye=i32"), "options.tpye is not an option of reduce-chain, did you mean 'type'?"),
        ((*CHAIN, "--level", "core"), "--level"),
        ((*CHAIN, "--seed", "-1"), "--seed"),
    ],
)
def test_mistakes_are_messages(arguments: tuple[str, ...], message: str) -> None:
    assert message in refused(*arguments)


def test_a_mistake_as_json() -> None:
    found = call("reduc-chain", "--json")
    assert found.exit_code == 2
    assert json.loads(found.stdout)["status"] == "error"


def test_pictures_are_written_where_asked(tmp_path: Path) -> None:
    heat, trace, movie = tmp_path / "heat.svg", tmp_path / "deep" / "trace.json", tmp_path / "movie.gif"
    said = call(
        *CHAIN, "--heatmap", heat, "--map", "links", "--trace", trace, "--watch", "1,1", "--movie", movie
    ).stdout
    assert heat.read_text("utf-8").startswith("<svg xmlns=")
    assert {event["args"]["name"] for event in json.loads(trace.read_text())["traceEvents"] if event["ph"] == "M"} >= {
        "core (1, 1)"
    }
    assert movie.read_bytes().startswith(b"GIF89a")
    assert str(movie) in said


def test_pictures_that_cannot_be(tmp_path: Path) -> None:
    there = tmp_path / "there.svg"
    there.touch()
    assert "already there" in refused(*CHAIN, "--heatmap", there)
    assert "nothing to draw" in refused(*CHAIN, "--level", "closed", "--movie", tmp_path / "a.gif")
    assert "must end in .gif" in refused(*CHAIN, "--movie", tmp_path / "a.mp4")
    assert "give --trace or --out too" in refused(*CHAIN, "--watch", "1,1")
    assert "COLUMN,ROW" in refused(*CHAIN, "--trace", tmp_path / "t.json", "--watch", "one")
    assert "the core [9, 0] is not on the grid" in refused(*CHAIN, "--trace", tmp_path / "t.json", "--watch", "9,0")


@pytest.mark.parametrize("cause", ["launch", "fabric-wait"])
def test_a_heat_map_of_a_cause(cause: str, tmp_path: Path) -> None:
    assert f"{cause}</text>" in _drawn(tmp_path / "map.svg", cause)


def test_a_heat_map_of_nothing_is_told(tmp_path: Path) -> None:
    found = call(*CHAIN, "--heatmap", tmp_path / "map.svg", "--map", "banks")
    assert found.exit_code == 2
    assert "--map banks is nothing on all cores; there are: busy" in found.stderr


def _drawn(path: Path, cause: str) -> str:
    call(*CHAIN, "--heatmap", str(path), "--map", cause)
    return path.read_text("utf-8")
