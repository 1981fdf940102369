"""Points answered on a cluster of Dask: by its futures, on workers that run the same code as here.

What workers find comes back and is kept here, so that a study that is killed, or repeated without a cluster, goes on
from it. A worker that dies is Dask's to replace: what it was at is answered by another.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from wsesim.errors import InputError
from wsesim.study.journal import code_sha256

WAIT_S = 10
"""How long a scheduler and its first worker are waited for."""


@contextmanager
def scheduler(address: str) -> Iterator[Executor]:
    """Yield an executor on the workers of the scheduler at *address*, `tcp://HOST:PORT`.

    Raises:
        InputError: Dask is not installed, the scheduler is out of reach or has no workers, or they run other code.
    """
    client = _client(address)
    try:
        _check_workers(client, address)
        yield client.get_executor()
    finally:
        client.close()


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise InputError.at("--scheduler needs Dask: install wsesim[cluster]") from None
    try:
        return Client(address, timeout=WAIT_S)
    except (OSError, ValueError) as error:
        why = str(error).strip().splitlines()
        message = f"--scheduler {address}: cannot be reached{f': {why[0]}' if why else ''}"
        raise InputError.at(f"{message}; it is given as tcp://HOST:PORT, as `dask scheduler` prints") from None


def _check_workers(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=WAIT_S)
    except TimeoutError:
        raise InputError.at(f"--scheduler {address}: has no workers; start some with `dask worker {address}`") from None
    found: dict[str, Any] = client.run(code_sha256, on_error="return")
    for worker, code in found.items():
        if isinstance(code, Exception):
            raise InputError.at(f"--scheduler {address}: the worker {worker} cannot run wsesim: {code}")
        if code != code_sha256():
            message = f"the worker {worker} runs another version of wsesim, Python or NumPy than is here"
            raise InputError.at(f"--scheduler {address}: {message}; answers would not be the same")
