import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

import wsesim
from wsesim import report
from wsesim.cli import cli
from wsesim.result import Verification

MINIMAL = "model: gpt2\nbatch: {sequences: 4, length: 64}\ncluster: cs-2\n"


def call(*arguments: object) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(cli, [str(argument) for argument in arguments], prog_name="wsesim")


def refused(*arguments: object, code: int = 2) -> str:
    """Return what stderr says, having seen that it is a message and nothing else went wrong."""
    found = call(*arguments)
    assert found.exit_code == code, found.output
    assert isinstance(found.exception, SystemExit)
    assert "Traceback" not in found.output
    assert not found.stdout
    return found.stderr


@pytest.fixture
def question(tmp_path: Path) -> Path:
    file = tmp_path / "question.yaml"
    file.write_text(MINIMAL)
    return file


@pytest.fixture
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Printed:
    """Stands for what a stage returns and the command line prints."""

    name = "grid"

    def to_json(self) -> dict[str, Any]:
        return {"status": "ok", "points": 3}

    def print(self, console: Any) -> None:
        console.print("three points")

    def write(self, path: Path) -> None:
        path.write_text("three points")


class Stages(SimpleNamespace):
    """Stands for the stages behind the command line; notes what it was called with."""

    calls: list[tuple[Any, ...]]


def installed(monkeypatch: pytest.MonkeyPatch, name: str, **functions: Any) -> None:
    module = SimpleNamespace(**functions)
    monkeypatch.setitem(sys.modules, f"wsesim.{name}", module)
    monkeypatch.setattr(wsesim, name, module, raising=False)


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> Stages:
    made = Stages(calls=[], agrees=True, raises=None)

    def run(workload: Any, *, verify: bool = True, progress: Any = None) -> str:
        made.calls.append(("run", workload.name, verify))
        progress("working")
        if made.raises is not None:
            raise made.raises
        return "result"

    def verify_numbers(workload: Any, *, progress: Any = None) -> Verification:
        return Verification(
            ok=made.agrees, max_error=1e-6, tolerance=1e-3, loss=10.8, tokens=64, layers=2, worst="logits",
            reduced="2 of 12 layers",
        )  # fmt: skip

    def write_report(result: str, out: Path, *, overwrite: bool) -> tuple[Path, ...]:
        made.calls.append(("write", out, overwrite))
        out.mkdir(parents=True, exist_ok=True)
        (out / "report.html").write_text(result)
        return (out / "report.html",)

    def print_summary(result: str, console: Any, *, folder: Path) -> None:
        console.print(f"does not fit; report in {folder}")

    def write_sweep(table: Any, out: Path, *, overwrite: bool) -> None:
        made.calls.append(("write_sweep", out, overwrite))

    def sweep(study: Any, *, jobs: int | None, progress: Any) -> Printed:
        made.calls.append(("sweep", study.name, jobs))
        return Printed()

    def validate(table: Path | None, *, sensitivity: bool, progress: Any) -> Printed:
        made.calls.append(("validate", table, sensitivity))
        return Printed()

    installed(monkeypatch, "pipeline", run=run, verify_numbers=verify_numbers)
    monkeypatch.setattr(report, "write_report", write_report)
    monkeypatch.setattr(report, "to_json", lambda result: {"status": "does_not_fit"})
    monkeypatch.setattr(report, "print_summary", print_summary)
    installed(monkeypatch, "study", load_study=lambda path: Printed(), sweep=sweep,
              write_sweep=write_sweep, FILES=("sweep.html",))  # fmt: skip
    installed(monkeypatch, "validation", report=validate)
    return made


def python(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=cwd, env=environment, check=False
    )


# What every command shares


def test_help(golden: Callable[[str, str], None]) -> None:
    golden("cli/help.txt", call("--help").stdout)


@pytest.mark.parametrize("name", list(cli.commands))
def test_every_command_has_a_short_help_that_is_not_cut(name: str) -> None:
    assert call(name, "--help").exit_code == 0
    (line,) = (line for line in call("--help").stdout.splitlines() if line.startswith(f"  {name} "))
    assert line.endswith(".")
    assert not line.endswith("...")


def test_version() -> None:
    assert call("--version").stdout == f"wsesim {wsesim.__version__}\n"


def test_help_imports_nothing_heavy(question: Path) -> None:
    heavy = ["numpy", "pandas", "matplotlib", "simpy", "scipy", "numba"]
    program = (
        "import sys, wsesim.cli\n"
        "early = set(sys.modules)\n"
        f"try: wsesim.cli.cli(['check', {str(question)!r}])\n"
        "except SystemExit: pass\n"
        f"print([name for name in {[*heavy, 'pydantic', 'rich', 'ruamel']} if name in early])\n"
        f"print([name for name in {heavy} if name in sys.modules])\n"
    )
    done = python("-c", program)
    assert done.stdout.splitlines()[1:] == ["[]", "[]"], done.stderr


def test_python_m_is_the_command_line() -> None:
    assert python("-m", "wsesim", "--version").stdout == f"wsesim {wsesim.__version__}\n"


def test_an_unknown_command_or_option_names_the_nearest() -> None:
    assert "no such command 'chek', did you mean 'check'?" in refused("chek")
    assert "no such command 'zzz'; there are: run, check" in refused("zzz")
    assert "--force" in refused("run", "x.yaml", "--forc")


def test_an_unexpected_error_asks_for_a_report(stages: Stages, question: Path, tmp_path: Path) -> None:
    stages.raises = ZeroDivisionError("division by zero")
    said = refused("run", question, "--out", tmp_path / "out", code=70)
    assert said.startswith("error: unexpected ZeroDivisionError: division by zero\n")
    assert f"wsesim {wsesim.__version__}" in said
    assert "--debug" in said


@pytest.mark.parametrize("place", ["before", "after"])
def test_debug_shows_where(stages: Stages, question: Path, tmp_path: Path, place: str) -> None:
    stages.raises = ZeroDivisionError("division by zero")
    arguments = ["run", question, "--out", tmp_path / "out"]
    found = call(*(["--debug", *arguments] if place == "before" else [*arguments, "--debug"]))
    assert found.exit_code == 70
    assert "Traceback" in found.stderr


def test_an_interrupt_is_one_line(stages: Stages, question: Path, tmp_path: Path) -> None:
    stages.raises = KeyboardInterrupt()
    assert refused("run", question, "--out", tmp_path / "out", code=130) == "interrupted\n"


def test_a_value_object_that_refuses_is_a_message(stages: Stages, question: Path, tmp_path: Path) -> None:
    stages.raises = wsesim.WsesimError("width must be positive")
    assert refused("run", question, "--out", tmp_path / "out") == "error: width must be positive\n"


def test_errors_are_json_too(question: Path) -> None:
    question.write_text(MINIMAL + "precision: mixd\n")
    found = call("check", question, "--json")
    assert found.exit_code == 2
    assert found.stderr.startswith(f"{question}:4:12: error: precision must be")
    assert json.loads(found.stdout) == {
        "status": "error",
        "problems": [
            {
                "message": "precision must be one of mixed, fp16, fp32; got 'mixd', did you mean 'mixed'?",
                "file": str(question),
                "line": 4,
                "column": 12,
            }
        ],
    }


@pytest.mark.skipif(os.name != "posix", reason="signals and pipes as on POSIX")
def test_a_reader_that_goes_away_is_not_an_error() -> None:
    program = f"{sys.executable} -m wsesim schema | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, env=environment, check=False)
    assert done.stderr == ""
    assert done.returncode in (0, 1)


# check, and everything that can be wrong with a file


def test_check(question: Path) -> None:
    found = call("check", question, "--set", "batch.sequences=8")
    assert found.exit_code == 0
    assert found.stdout == (
        f"{question}: ok: One training step of gpt2 (124M parameters) on CS-2:"
        " 8 sequences of 64 tokens, mixed precision.\n"
    )


def test_check_of_many_files_reports_all(question: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("model: gpt9\nbatch: {sequences: 1}\ncluster: cs-2\n")
    found = call("check", tmp_path / "a.yaml", question, tmp_path / "b.yaml")
    assert found.exit_code == 2
    assert found.stdout.startswith(f"{question}: ok")
    assert found.stderr.count(": error: ") == 2


def test_check_json(question: Path) -> None:
    document = json.loads(call("check", question, "--json").stdout)
    assert document["status"] == "ok"
    assert document["workloads"][0]["name"] == "question"


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
BAD_FILES: dict[str, tuple[bytes, str, str]] = {
    "unknown key": (b"modle: gpt2\n", "1:1", "unknown key 'modle', did you mean 'model'?"),
    "wrong unit": (b"hardware: {core.clock: 1 s}\n", "1:24", "'s', which does not measure hertz"),
    "bits for bytes": (b"hardware: {core.sram: 48 Kib}\n", "1:23", "write 'KiB' if bytes were meant"),
    "no unit": (b"hardware: {core.clock: 1e9}\n", "1:24", "needs a unit, for example '850 MHz'"),
    "negative size": (b"model: {layers: -2}\n", "1:17", "model.layers must be at least 1; got -2"),
    "zero size": (b"batch: {sequences: 0}\n", "1:20", "batch.sequences must be at least 1; got 0"),
    "bool for number": (b"batch: {sequences: true}\n", "1:20", "must be a whole number; got true"),
    "text for number": (b'batch: {sequences: "4"}\n', "1:20", "got '4'; remove the quotes"),
    "nothing for a section": (b"batch:\n", "1:1", "batch is empty"),
    "list for a section": (b"batch: [4]\n", "1:8", "batch must be a mapping"),
    "heads and width": (
        b"model: {layers: 2, width: 100, heads: 12}\nbatch: {sequences: 1, length: 8}\ncluster: cs-2\n",
        "1:39",
        "model.heads = 12 does not divide model.width = 100; make the width 96 or 108, or give head_width",
    ),
    "unknown preset": (b"model: gpt-2\n", "1:8", "did you mean 'gpt2'?"),
    "unknown machine": (b"cluster: cs2\n", "1:10", "did you mean 'cs-2'?"),
    "empty": (b"", "1", "the file is empty"),
    "only a comment": (b"# nothing\n", "1", "the file is empty"),
    "duplicate key": (b"model: gpt2\nmodel: gpt2\n", "2:1", "duplicate key"),
    "bomb": (BOMB.encode(), "2:8", "yaml aliases (*a) are not used here"),
    "tag": (b"model: !!python/object:os.system x\n", "1:8", "yaml tags"),
    "tab": (b"batch:\n\tsequences: 1\n", "2:1", "a tab cannot indent yaml"),
    "not utf-8": (b"model: gpt2\nname: caf\xe9\n", "2:10", "byte 0xe9 is not UTF-8"),
    "utf-16": ("model: gpt2".encode("utf-16"), "1:1", "not UTF-8"),
    "binary": (bytes(range(256)), "2:118", "is not UTF-8"),
    "not a mapping": (b"- gpt2\n", "1:1", "a workload is a mapping"),
    "two documents": (b"model: gpt2\n---\nmodel: gpt2\n", "2:1", "a second document"),
    "deep": (b"a: " + b"[" * 5000, "1", "nested more than"),
    "text missing": (b"text: no.txt\n", "1:7", "text = 'no.txt' is not there"),
    "text is a folder": (b"text: .\n", "1:7", "text = '.' is a folder"),
    "vocabulary too small": (
        b"model: {preset: gpt2, vocab: 99}\ntext: question.yaml\n",
        "2:7",
        "cannot be used with a vocabulary of 99: text is cut into GPT-2's 50,257 tokens",
    ),
    "uneven batch": (
        b"batch: {sequences: 6}\ncluster: {machine: cs-2, systems: 4}\n",
        "1:20",
        "cannot be shared evenly by 4 systems; the nearest that can: 4 or 8",
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_one_message_at_its_place(tmp_path: Path, name: str) -> None:
    content, place, message = BAD_FILES[name]
    file = tmp_path / "question.yaml"
    missing = {b"model": b"model: gpt2\n", b"batch": b"batch: {sequences: 4}\n", b"cluster": b"cluster: cs-2\n"}
    if message != "error" and "yaml" not in message and content[:1].isalpha() and b"---" not in content:
        content += b"".join(line for key, line in missing.items() if key + b":" not in content)
    file.write_bytes(content)
    said = refused("check", file)
    assert said.startswith(f"{file}:{place}")
    assert message in said
    assert said.count("error: ") == 1


def test_a_missing_file(tmp_path: Path) -> None:
    assert refused("check", tmp_path / "no.yaml") == f"{tmp_path / 'no.yaml'}: error: no such file\n"
    assert "is a folder" in refused("check", tmp_path)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.yaml"
    with file.open("wb") as stream:
        stream.truncate(100 << 20)
    assert "is too large" in refused("check", file)


def test_a_bad_setting(question: Path) -> None:
    assert refused("check", question, "--set", "batch.seqences=1").startswith("error: --set batch.seqences=1: ")


# show, schema, init, models, machines


def test_show_is_a_workload_again(question: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.yaml"
    again.write_text(call("show", question, "--set", "batch.sequences=8").stdout)
    shown = [json.loads(call("show", file, "--json").stdout)["workload"] for file in (question, again)]
    assert shown[1] == {**shown[0], "batch": {**shown[0]["batch"], "sequences": 8}}


def test_show_json_has_defaults_and_figures_with_sources(question: Path) -> None:
    document = json.loads(call("show", question, "--json").stdout)
    assert document["status"] == "ok"
    assert {"name": "precision", "text": "mixed"}.items() <= next(
        default for default in document["defaults"] if default["name"] == "precision"
    ).items()
    assert all(figure["source"] for figure in document["figures"])


def test_schema_is_json() -> None:
    assert json.loads(call("schema").stdout)["title"] == "wsesim workload"


def test_init_writes_a_workload_that_is_right_and_never_overwrites(in_tmp: Path) -> None:
    assert call("init").stdout == "wrote workload.yaml; now: wsesim run workload.yaml\n"
    assert call("check", "workload.yaml").exit_code == 0
    (in_tmp / "workload.yaml").write_text("mine")
    assert "is already there; give --force" in refused("init")
    assert (in_tmp / "workload.yaml").read_text() == "mine"
    assert call("init", "--force", "--json").exit_code == 0
    assert "No such file or directory" in refused("init", "no/such/folder.yaml")


@pytest.mark.parametrize(("command", "key", "name"), [("models", "models", "gpt2"), ("machines", "machines", "cs-2")])
def test_lists(command: str, key: str, name: str) -> None:
    lines = call(command).stdout.splitlines()
    assert any(line.startswith(f"{name} ") for line in lines)
    document = json.loads(call(command, "--json").stdout)
    assert name in [each["name"] for each in document[key]]


def test_quiet_is_quiet(question: Path, in_tmp: Path, stages: Stages) -> None:
    for arguments in (["check", question], ["show", question], ["models"], ["machines"], ["schema"], ["run", question],
                      ["verify", question], ["init", "new.yaml"], ["sweep", "study.yaml"], ["validate"]):  # fmt: skip
        found = call(*arguments, "--quiet")
        assert (found.exit_code, found.output) == (0, ""), arguments


# run, verify, graph, validate, sweep


def test_run_writes_to_a_folder_of_its_name(question: Path, in_tmp: Path, stages: Stages) -> None:
    found = call("run", question, "--set", "name=mine")
    assert found.exit_code == 0  # it does not fit: that is an answer
    assert found.stdout == "does not fit; report in runs/mine\n"
    assert stages.calls == [("run", "mine", True), ("write", Path("runs/mine"), False)]


def test_run_json_is_one_document(question: Path, in_tmp: Path, stages: Stages) -> None:
    assert json.loads(call("run", question, "--json").stdout) == {"status": "does_not_fit"}


def test_run_can_leave_the_numbers_out(question: Path, in_tmp: Path, stages: Stages) -> None:
    call("run", question, "--no-verify")
    assert stages.calls[0] == ("run", "question", False)


def test_a_former_run_is_kept_before_any_work(question: Path, in_tmp: Path, stages: Stages) -> None:
    call("run", question)
    stages.calls.clear()
    assert "runs/question is an existing run folder; pass --force" in refused("run", question)
    assert stages.calls == []
    assert call("run", question, "--force").exit_code == 0
    assert stages.calls[-1] == ("write", Path("runs/question"), True)


def test_a_file_in_the_way_is_seen_before_any_work(question: Path, tmp_path: Path, stages: Stages) -> None:
    assert f"{question} is a file" in refused("run", question, "--out", question)
    assert f"{question}: error: is a file" in refused("run", question, "--out", question / "a" / "b")
    assert "file name too long" in refused("run", question, "--out", tmp_path / ("x" * 300))
    assert f"{question}: error: is a file" in refused("sweep", "study.yaml", "--out", question / "a")
    assert stages.calls == []


def test_a_write_that_fails_is_a_message(in_tmp: Path, monkeypatch: pytest.MonkeyPatch, stages: Stages) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device", "runs/grid/points.csv")

    monkeypatch.setattr(sys.modules["wsesim.study"], "write_sweep", full)
    said = refused("sweep", "study.yaml")
    assert said == "runs/grid/points.csv: error: cannot be written: No space left on device\n"


def test_verify(question: Path, stages: Stages) -> None:
    found = call("verify", question)
    assert found.exit_code == 0
    assert found.stdout.startswith("question: agrees: largest difference 1e-06, allowed 0.001")
    stages.agrees = False
    found = call("verify", question, "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["status"] == "differs"
    assert "differs, most in logits" in call("verify", question).stdout


def test_sweep(in_tmp: Path, stages: Stages) -> None:
    assert call("sweep", "study.yaml", "--jobs", 2).stdout == "three points\n\ntables: runs/grid\n"
    assert stages.calls == [("sweep", "grid", 2), ("write_sweep", Path("runs/grid"), False)]
    assert json.loads(call("sweep", "study.yaml", "--json").stdout) == {"status": "ok", "points": 3}
    (in_tmp / "runs/grid").mkdir(parents=True)
    (in_tmp / "runs/grid/points.csv").write_text("x")
    assert "holds points.csv, which no run wrote" in refused("sweep", "study.yaml")
    assert "--jobs" in refused("sweep", "study.yaml", "--jobs", 0)


def test_validate(in_tmp: Path, stages: Stages) -> None:
    assert call("validate").stdout == "three points\n\nreport: reports/validation.md\n"
    assert (in_tmp / "reports" / "validation.md").read_text() == "three points"
    assert json.loads(call("validate", "--table", "rows.csv", "--json").stdout) == {"status": "ok", "points": 3}
    assert call("validate", "--out", "found", "--sensitivity").exit_code == 0
    assert stages.calls == [("validate", None, False), ("validate", Path("rows.csv"), False), ("validate", None, True)]
    assert (in_tmp / "found" / "validation.md").read_text() == "three points"


def test_graph(question: Path, in_tmp: Path) -> None:
    pytest.importorskip("wsesim.pipeline")
    assert call("graph", question).stdout.startswith("digraph")
    assert json.loads(call("graph", question, "--json").stdout)["name"] == "gpt2"
    assert call("graph", question, "-o", "graph.svg").stdout == "wrote graph.svg\n"
    assert "<svg" in (in_tmp / "graph.svg").read_text()
    assert "is already there" in refused("graph", question, "-o", "graph.svg")
    assert call("graph", question, "-o", "graph.svg", "--force", "--format", "json").exit_code == 0
    assert json.loads((in_tmp / "graph.svg").read_text())["name"] == "gpt2"


@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")
def test_ctrl_c_ends_a_real_process_quietly(question: Path, tmp_path: Path) -> None:
    program = (
        "import sys, time, types, wsesim, wsesim.cli\n"
        "def run(*a, **k):\n    print('working', flush=True)\n    time.sleep(60)\n"
        "wsesim.pipeline = sys.modules['wsesim.pipeline'] = types.SimpleNamespace(run=run)\n"
        "wsesim.cli.main()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", program, "run", str(question), "--out", str(tmp_path / "out")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert (process.returncode, said) == (130, "interrupted\n")


@pytest.mark.parametrize("arguments", [("run", "--json"), ("run", "a.yaml", "--json", "--bogus"),
                                       ("sweep", "a.yaml", "--jobs", 0, "--json")])  # fmt: skip
def test_a_command_that_cannot_be_read_is_json_too_if_asked(arguments: tuple[object, ...]) -> None:
    found = call(*arguments)
    assert found.exit_code == 2
    assert json.loads(found.stdout)["status"] == "error"
    assert "Traceback" not in found.output
