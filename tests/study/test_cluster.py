"""A study on a scheduler of Dask: found, refused, and with a worker that is killed."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from wsesim.errors import InputError
from wsesim.study import Study, cluster, load_study, scheduler, sweep

MakeStudy = Callable[[str], Study]
CLOCKS = "vary: {hardware.core.clock: {from: 0.5 GHz, to: 1.5 GHz, steps: 120}, shape: [[64], [128]]}\n"


class FakeClient:
    """Stands for a client of Dask."""

    def __init__(self, code: object, workers: int = 1) -> None:
        self.code, self.workers, self.closed = code, workers, False

    def wait_for_workers(self, count: int, timeout: float) -> None:
        if self.workers < count:
            raise TimeoutError

    def run(self, function: Callable[[], object], on_error: str) -> dict[str, object]:
        return {"tcp://there": self.code or function()}

    def get_executor(self) -> str:
        return "executor"

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("code", "workers", "says"), [
    ("other", 1, "runs another version of wsesim"), (ModuleNotFoundError("no wsesim"), 1, "cannot run wsesim"),
    (None, 0, "has no workers; start some with `dask worker tcp://here:1`"),
])  # fmt: skip
def test_workers_that_cannot_give_the_same_are_refused(
    monkeypatch: pytest.MonkeyPatch, code: object, workers: int, says: str
) -> None:
    client = FakeClient(code, workers)
    monkeypatch.setattr(cluster, "_client", lambda address: client)
    with pytest.raises(InputError, match=says), scheduler("tcp://here:1"):
        pytest.fail("nothing is answered")
    assert client.closed


def test_the_same_code_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeClient(None)
    monkeypatch.setattr(cluster, "_client", lambda address: client)
    with scheduler("tcp://here:1") as executor:
        assert str(executor) == "executor"
        assert not client.closed
    assert client.closed


def test_without_dask_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"--scheduler needs Dask: install wsesim\[cluster\]"), scheduler("tcp://x:1"):
        pytest.fail("there is none")


class Losing(Executor):
    """Loses each second task."""

    def __init__(self) -> None:
        self.count = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.count += 1
        if self.count == 4:
            future.cancel()
            future.set_running_or_notify_cancel()
        elif self.count % 2:
            future.set_result(fn(*args))
        else:
            future.set_exception(RuntimeError("the worker is gone"))
        return future


def test_points_that_are_lost_are_rows_and_the_others_are_kept(study: MakeStudy, tmp_path: Path) -> None:
    found = study("vary: {batch.sequences: [1, 2, 3, 4]}\nlevel: closed\n")
    table = sweep(found, executor=Losing(), journal=tmp_path / "points.sqlite")
    assert [row.status for row in table.rows] == ["ok", "error"] * 2
    assert {*table.said} == {
        "Points were lost on their way: RuntimeError: the worker is gone",
        "Points were lost on their way: CancelledError: they were cancelled",
    }
    again = sweep(found, journal=tmp_path / "points.sqlite")
    assert (again.known, again.count()["ok"]) == (2, 4)


@pytest.fixture
def local() -> Iterator[Any]:
    """Return a scheduler with two workers of its own."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as found:
        yield found


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore")
def test_a_worker_that_is_killed_loses_and_doubles_nothing(
    kernel_study: Callable[[str], Path], local: Any, tmp_path: Path
) -> None:
    from distributed import Client

    found, killed = load_study(kernel_study(CLOCKS)), list[int]()

    def kill(done: int, total: int) -> None:
        if not killed and done > total // 4:
            with Client(local.scheduler_address) as client:
                killed.append(next(iter(client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    with scheduler(local.scheduler_address) as executor:
        table = sweep(found, executor=executor, journal=tmp_path / "points.sqlite", progress=kill)
    assert killed
    assert table == sweep(found, jobs=1)
    assert sweep(found, journal=tmp_path / "points.sqlite").known == len(found)


@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "WAIT_S", 1)
    for address in ("tcp://127.0.0.1:1", "nonsense"):
        with pytest.raises(InputError, match="cannot be reached"), scheduler(address):
            pytest.fail("there is none")
