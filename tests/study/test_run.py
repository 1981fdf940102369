import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

import wsesim
from wsesim import questions
from wsesim.errors import SpecError
from wsesim.study import Study, load_study, processes, run, sweep
from wsesim.study.point import run_point, tasks_of
from wsesim.study.processes import _undisturbed

GRID = "vary: {cluster.systems: [1, 2, 193], batch.sequences: [4, 6]}\nfigures: [step_s, mfu, passes]\n"


class Backwards(Executor):
    """Does the last task first, when the results are asked for."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Any, Any]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append((future, fn, args))
        if len(self.waiting) == 6:
            for each, work, given in reversed(self.waiting):
                each.set_result(work(*given))
        return future


class Breaking(Executor):
    """Does some tasks, then breaks."""

    def __init__(self, after: int) -> None:
        self.after = after

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if self.after:
            self.after -= 1
            future.set_result(fn(*args))
        else:
            future.set_exception(BrokenProcessPool("killed"))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Have nothing to stop."""


def test_points_are_those_that_run_would_give(study: Callable[[str], Study]) -> None:
    found = study(GRID)
    row = sweep(found).rows[3]
    settings = {"cluster.systems": 2, "batch.sequences": 6}
    result = wsesim.run(found.base.asked.file, verify=False, set=settings)
    assert row.values == settings
    assert row.figures == {name: result.figures[name] for name in ("step_s", "mfu", "passes")}
    assert row.status == "ok"
    assert row.inputs_sha256 == result.provenance.inputs_sha256


@pytest.mark.parametrize("level", ["closed", "system"])
def test_a_study_says_at_which_level(study: Callable[[str], Study], level: Any) -> None:
    found = study(f"vary: {{batch.sequences: [4]}}\nfigures: [step_s]\nlevel: {level}\n")
    row = sweep(found).rows[0]
    result = questions.run(
        questions.load(found.base.asked.file, settings=["batch.sequences=4"]), level=level, verify=False
    )
    assert row.status == result.status.value
    assert row.figures["step_s"] == result.figures.get("step_s")


def test_what_is_not_modelled_is_a_row(toy_study: Callable[[str], Study]) -> None:
    table = sweep(toy_study("vary: {grid: [[2, 3]]}\nlevel: system\n"))
    assert (table.rows[0].status, table.rows[0].why) == ("not_modelled", "no system is around it")
    assert table.count()["not_modelled"] == 1


def test_a_kind_of_its_own_is_swept_in_processes_too(toy_study: Callable[[str], Study]) -> None:
    found = toy_study("vary: {grid: [[2, 3], [4, 4], [100, 100]], hardware.core.clock: [1 GHz, 2 GHz]}\n")
    table = sweep(found, jobs=1)
    assert [row.figures["cycles"] for row in table.rows] == [12, 12, 32, 32, None, None]
    assert sweep(toy_study("vary: {grid: [[2, 3]]}\nlevel: closed\n")).rows[0].figures["cycles"] == 6
    assert table.rows[4].why == "counts to 1000 at most"
    assert sweep(found, jobs=2) == table


def test_the_phase_varies(study: Callable[[str], Study]) -> None:
    rows = sweep(study("vary: {phase: [training, evaluation]}\nfigures: [step_s, checkpoint_s]\n")).rows
    assert (rows[0].figures["step_s"] or 0) > (rows[1].figures["step_s"] or 0) > 0
    assert rows[1].figures["checkpoint_s"] is None


def test_a_key_that_another_phase_lacks_is_an_error_of_the_point(study: Callable[[str], Study]) -> None:
    rows = sweep(study("vary: {phase: [training, evaluation]}\nset: {recompute: never}\nfigures: [step_s]\n")).rows
    assert [row.status for row in rows] == ["ok", "error"]
    assert "recompute" in rows[1].why


def test_machines_of_a_users_own_and_software_vary(study_file: Callable[..., Path]) -> None:
    file = study_file("vary: {cluster.machine: [cs-2, mine.yaml], software: [release-2, ideal]}\nfigures: [step_s]\n")
    mine = "extends: cs-2\ncore:\n  clock: {value: 100 MHz, source: ours}\n"
    (file.parent.parent / "mine.yaml").write_text(mine, "utf-8")
    table = sweep(load_study(file))
    slow = [row.figures["step_s"] or 0 for row in table.rows]
    assert [row.why for row in table.rows] == [""] * 4
    assert slow[2] > slow[0] > slow[1]


def test_the_order_is_that_of_the_study_however_points_are_done(study: Callable[[str], Study]) -> None:
    found = study(GRID)
    serial = sweep(found, jobs=1)
    assert [tuple(row.values.values()) for row in serial.rows] == [(1, 4), (1, 6), (2, 4), (2, 6), (193, 4), (193, 6)]
    assert sweep(found, executor=Backwards()) == serial
    with ThreadPoolExecutor(2) as pool:
        assert sweep(found, executor=pool) == serial
    assert sweep(found) == serial


def test_two_processes_find_the_same(study: Callable[[str], Study]) -> None:
    found = study(GRID)
    assert sweep(found, jobs=2) == sweep(found, jobs=1)


def test_a_point_whose_settings_do_not_go_together_says_so(study: Callable[[str], Study]) -> None:
    row = sweep(study(GRID)).rows[4]
    assert (row.status, row.inputs_sha256) == ("error", None)
    assert row.why == "cluster.systems must be at most 192 on CS-2, got 193"
    assert row.figures == {"step_s": None, "mfu": None, "passes": None}


def test_a_point_that_does_not_fit_has_no_speed(study: Callable[[str], Study]) -> None:
    rows = sweep(study("vary: {hardware.core.sram: [2049 B, 48 KiB]}\nfigures: [tokens_per_s, micro_batch]\n")).rows
    assert [row.status for row in rows] == ["does_not_fit", "ok"]
    assert rows[0].figures == {"tokens_per_s": None, "micro_batch": None}
    assert "of SRAM a core" in rows[0].why
    assert rows[0].inputs_sha256 is not None


def test_what_no_field_can_know_by_itself_is_an_error_of_the_point(study: Callable[[str], Study]) -> None:
    rows = sweep(
        study("vary: {cluster.systems: [16, 193], cluster.machine: [cs-2]}\nset: {batch.sequences: 3088}\n")
    ).rows
    assert [row.status for row in rows] == ["ok", "error"]
    assert rows[1].why == "cluster.systems must be at most 192 on CS-2, got 193"


def test_what_follows_from_a_setting_follows_at_each_point(study: Callable[[str], Study]) -> None:
    found = study("vary: {model.width: [64, 128]}\nset: {model.heads: 2}\nfigures: [flops_per_step]\n")
    small, large = (row.figures["flops_per_step"] or 0 for row in sweep(found).rows)
    assert 3 < large / small < 4


def test_a_section_is_set_before_what_stands_in_it(study: Callable[[str], Study]) -> None:
    for text in (
        "vary: {cluster.systems: [2], cluster: [cs-3]}\n", "vary: {cluster: [cs-3]}\nset: {cluster.systems: 2}\n",
        "vary: {cluster.systems: [2]}\nset: {cluster: cs-3}\n",
    ):  # fmt: skip
        found = study(f"{text}figures: [power_w]\n")
        row = sweep(found).rows[0]
        assert (row.figures["power_w"] or 0) > 2 * 16_000


def test_progress_counts_every_point(study: Callable[[str], Study]) -> None:
    told: list[tuple[int, int]] = []
    sweep(study(GRID), progress=lambda done, total: told.append((done, total)))
    assert told == [(count, 6) for count in range(1, 7)]


@pytest.mark.parametrize("after", [0, 2, 5])
@pytest.mark.every(3)
def test_a_pool_that_breaks_is_made_anew_once(
    study: Callable[[str], Study], monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    found = study(GRID)
    pools = [Breaking(after), ThreadPoolExecutor(1)]
    monkeypatch.setattr(processes, "ProcessPoolExecutor", lambda *_, **__: pools.pop(0))
    assert sweep(found, jobs=2) == sweep(found, jobs=1)
    assert not pools


def test_points_that_are_lost_twice_say_so(study: Callable[[str], Study], monkeypatch: pytest.MonkeyPatch) -> None:
    pools = [Breaking(1), Breaking(2)]
    monkeypatch.setattr(processes, "ProcessPoolExecutor", lambda *_, **__: pools.pop(0))
    rows = sweep(study(GRID), jobs=2).rows
    assert [row.status for row in rows] == ["ok"] * 3 + ["error"] * 3
    assert "its process ended twice" in rows[-1].why


def test_an_executor_of_somebody_else_that_breaks_keeps_what_is_done(study: Callable[[str], Study]) -> None:
    rows = sweep(study(GRID), executor=Breaking(2)).rows
    assert [row.status for row in rows] == ["ok"] * 2 + ["error"] * 4


def test_a_mistake_of_ours_is_a_row_that_says_so(
    study: Callable[[str], Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(question: Any, *, level: Any) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(questions, "sketch", broken)
    with ThreadPoolExecutor(1) as pool:
        for table in (sweep(study(GRID)), sweep(study(GRID), executor=pool)):
            assert [row.status for row in table.rows] == ["error"] * 6
            assert "unexpected ZeroDivisionError (by nothing): a mistake in wsesim" in table.rows[0].why


def test_jobs_are_at_least_one(study: Callable[[str], Study]) -> None:
    with pytest.raises(SpecError, match="must be at least 1"):
        sweep(study(GRID), jobs=0)


def test_many_points_use_every_core_without_the_script_being_run_again(
    study_file: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    script = tmp_path / "script.py"
    script.write_text(f"open({str(ran)!r}, 'a').write('x')\n")
    monkeypatch.setattr("__main__.__file__", str(script), raising=False)
    monkeypatch.setattr("__main__.__spec__", None)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(run, "FEW", 12)
    file = study_file("vary: {batch.sequences: {from: 1, to: 12, by: 1}}\n")
    table = sweep(load_study(file))
    assert all(row.ok for row in table.rows)
    assert not ran.exists()


def test_a_task_is_plain(study: Callable[[str], Study]) -> None:
    import pickle

    task = tasks_of(study(GRID))[5]
    assert run_point(pickle.loads(pickle.dumps(task)), None) == run_point(task, None)


def test_no_sum_is_made_of_what_nobody_keeps(study: Callable[[str], Study], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsesim.study.point.asked_sha256", lambda *_: pytest.fail("was summed"))
    assert run_point(tasks_of(study(GRID))[0], None)[0].ok


def test_an_interrupt_waits_for_no_point(study: Callable[[str], Study], monkeypatch: pytest.MonkeyPatch) -> None:
    before, point = (multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,)) for _ in range(2))

    class Pool(Executor):
        def submit(self, *_: Any, **__: Any) -> Any:
            point.start()
            raise KeyboardInterrupt

        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            point.join(30)

    monkeypatch.setattr(processes, "ProcessPoolExecutor", lambda *_, **__: Pool())
    before.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            sweep(study(GRID), jobs=2)
        assert not point.is_alive()
        assert before.is_alive()  # it is somebody else's
    finally:
        for process in (before, point):
            process.kill()
            process.join()


PARENT = """
import multiprocessing, signal, sys, threading, time
from wsesim.study import load_study, sweep

def tell():
    while len(multiprocessing.active_children()) < 2:
        time.sleep(0.001)
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)

def told(done, total):
    if sys.argv[2] == "working":
        tell()
    time.sleep(600)

if __name__ == "__main__":
    signal.signal(getattr(signal, sys.argv[3]), signal.SIG_DFL) if sys.argv[3] != "SIGKILL" else None
    if sys.argv[2] == "starting":
        threading.Thread(target=tell, daemon=True).start()
    sweep(load_study(sys.argv[1]), jobs=2, progress=told)
"""


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(os.name != "posix", reason="kills a process by its number")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("when", ["starting", "working"])
@pytest.mark.every(2)
def test_workers_end_with_a_parent_that_was_killed(
    study_file: Callable[..., Path], tmp_path: Path, name: str, when: str
) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    file = study_file(GRID)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(script), str(file), when, name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        workers = [int(word) for word in parent.stdout.readline().split()]
        parent.send_signal(getattr(signal, name))
    assert len(workers) == 2
    for _ in range(300):
        if not any(map(alive, workers)):
            return
        time.sleep(0.1)
    pytest.fail(f"workers {workers} outlived their parent")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of threads")
def test_ctrl_c_that_another_thread_hears_waits_until_processes_have_started() -> None:
    ready, done = threading.Event(), list[str]()

    def hear() -> None:
        ready.wait()
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    def begin() -> None:
        with _undisturbed():
            ready.set()
            thread.join()
            done.extend("x" for _ in range(10_000))

    thread, before = threading.Thread(target=hear), signal.signal(signal.SIGINT, signal.default_int_handler)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            begin()
        assert len(done) == 10_000
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
