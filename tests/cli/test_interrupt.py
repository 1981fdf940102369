"""Ctrl-C, given to real processes: they end with 130 and one line, whatever they are at and whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")
HEARD = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
"""A child of a suite that runs with SIGINT ignored, in the background of a script, ignores it too until it says so."""
AT_WORK = """
import atexit, sys, time, weakref
import wsesim, wsesim.cli, wsesim.questions

class Thing:
    pass

class Mortal:
    def __del__(self):
        work()

def work():
    print("working", flush=True)
    time.sleep(60)

def callback():
    thing = Thing()
    kept = weakref.ref(thing, lambda _: work())
    del thing
    time.sleep(60)

def finalizer():
    Mortal()
    time.sleep(60)

def taken_for_an_error():
    try:
        work()
    except BaseException:
        raise ValueError("so a library says")

def caught():
    try:
        work()
    except BaseException:
        pass

def too_late():
    atexit.register(work)
    raise wsesim.WsesimError("done")

what = sys.argv.pop(1)
wsesim.questions.run = lambda *_, **__: globals()[what]()
wsesim.cli.main()
"""
EARLY = """
import signal, sys
from importlib.abc import MetaPathFinder

class Finder(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "wsesim.cli.group":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Finder())
from wsesim.__main__ import main
main()
"""
IGNORED = """
import signal, wsesim.cli, wsesim.questions
signal.signal(signal.SIGINT, signal.SIG_IGN)
run = wsesim.questions.run

def interrupted(*arguments, **options):
    signal.raise_signal(signal.SIGINT)
    return run(*arguments, **options)

wsesim.questions.run = interrupted
wsesim.cli.main()
"""
SWEEP = """
import multiprocessing, threading, time, wsesim.cli

def tell():
    while len(multiprocessing.active_children()) < 2:
        time.sleep(0.01)
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)

if __name__ == "__main__":
    threading.Thread(target=tell, daemon=True).start()
    wsesim.cli.main()
"""
STUDY = "workload: question.yaml\nvary: {batch.sequences: {from: 1, to: 400, by: 1}}\n"


@contextmanager
def started(program: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", program, *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def holds_back(process: int) -> bool:
    """Return whether a process does not hear Ctrl-C, as far as the system tells."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return True
    masks = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return bool((int(masks["SigBlk"], 16) | int(masks["SigIgn"], 16)) >> (signal.SIGINT - 1) & 1)


@pytest.mark.parametrize("what", ["work", "callback", "finalizer", "taken_for_an_error", "caught"])
def test_it_ends_whatever_it_is_at(question: Path, tmp_path: Path, what: str) -> None:
    with started(HEARD + AT_WORK, what, "run", question, "--out", tmp_path / "out") as process:
        assert first_line(process) == "working\n"
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert (process.returncode, said) == (130, "interrupted\n")
    assert [path.name for path in tmp_path.iterdir()] == [question.name]


def test_python_at_its_end_ends_at_once(question: Path, tmp_path: Path) -> None:
    with started(HEARD + AT_WORK, "too_late", "run", question, "--out", tmp_path / "out") as process:
        assert first_line(process) == "working\n"
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert (process.returncode, said) == (130, "error: done\ninterrupted\n")


def test_impatience_is_one_line_too(question: Path, tmp_path: Path) -> None:
    with started(HEARD + AT_WORK, "work", "run", question, "--out", tmp_path / "out") as process:
        assert first_line(process) == "working\n"
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            time.sleep(0.001)
        assert process.stderr is not None
        said = process.stderr.read()
    assert (process.returncode, said) == (130, "interrupted\n")


def test_while_it_is_imported_too() -> None:
    with started(HEARD + EARLY, "--version") as process:
        said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, ("", "interrupted\n"))


def test_a_process_that_was_told_to_ignore_it_goes_on(question: Path, tmp_path: Path) -> None:
    with started(IGNORED, "run", question, "--no-verify", "--quiet", "--out", tmp_path / "out") as process:
        said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, ("", ""))
    assert (tmp_path / "out" / "report.html").exists()


@pytest.mark.parametrize("wait_s", [pytest.param(0.0, marks=pytest.mark.nightly), 0.3, 2.0])
@pytest.mark.every(3)
def test_workers_of_a_sweep_say_nothing_and_end(question: Path, tmp_path: Path, wait_s: float) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    arguments = ("sweep", tmp_path / "study.yaml", "--jobs", 2, "--out", tmp_path / "out")
    with started(HEARD + SWEEP, *arguments) as process:
        workers = [int(word) for word in first_line(process).split()]
        assert all(map(holds_back, workers))
        time.sleep(wait_s)
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=60)[1]  # which ends when the last worker has closed it
    assert (process.returncode, said) == (130, "interrupted\n")
    assert len(workers) == 2
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
    assert not (tmp_path / "out").exists()
