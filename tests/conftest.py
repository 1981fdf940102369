"""`--update-golden` and the fixture `golden`: what a command prints, kept in a file and compared."""

import gc
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadGroupScheduling
from xdist.scheduler.protocol import Scheduling

settings.register_profile("wsesim", deadline=None, max_examples=30, derandomize=True)  # at night others each time
settings.register_profile("nightly", deadline=None, max_examples=600)  # pytest --hypothesis-profile=nightly
settings.load_profile("wsesim")
GOLDEN = Path(__file__).parent / "golden"
os.environ["WSESIM_POINTS"] = ""
"""No test finds an answer that another, or who runs them, has kept."""
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
"""Whoever starts Python anew here need not compile the package each time."""
for _threads in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")
"""Tests run side by side, and what they compute is small: threads would wait for each other, at work."""
OWN_SETTINGS = "_hypothesis_internal_use_settings"
"""Where a law that was decorated with settings keeps them."""
NIGHTLY_TIMES = 20
"""How many more cases laws that state their own number try at night: as many as the others."""


class ByFile(LoadGroupScheduling):  # type: ignore[misc] # xdist has no types
    """Tests of a file, as those of a group, go to one worker: what they share, fixtures and caches, is made once."""

    def _split_scope(self, nodeid: str) -> str:
        return str(super()._split_scope(nodeid)).split("::", 1)[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """Return what hands tests to workers."""
    return ByFile(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files; read the diff")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--hypothesis-profile") != "nightly":
        _leave_for_the_night(items)
        return
    tests = [item.obj for item in items if isinstance(item, pytest.Function)]
    for law in {getattr(test, "__func__", test) for test in tests}:
        own = getattr(law, OWN_SETTINGS, None)
        if own is not None and own.max_examples != settings().max_examples:
            setattr(law, OWN_SETTINGS, settings(own, max_examples=NIGHTLY_TIMES * own.max_examples))


def _leave_for_the_night(items: list[pytest.Item]) -> None:
    """Skip tests marked `nightly`, and of the cases of a test marked `every` all but every so many."""
    cases: Counter[str] = Counter()
    for item in items:
        test = item.nodeid.partition("[")[0]
        every = item.get_closest_marker("every")
        if item.get_closest_marker("nightly") or (every and cases[test] % every.args[0]):
            item.add_marker(pytest.mark.skip(reason="for the night: make nightly"))
        cases[test] += 1


def pytest_collection_finish() -> None:
    """Have nothing that stays anyway, modules and tests, looked through each time what is left over is collected."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a function that compares text with the golden file of a name."""

    def compare(name: str, text: str) -> None:
        file = GOLDEN / name
        if request.config.getoption("--update-golden"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        assert text == file.read_text("utf-8"), f"{name} differs; if that is meant, run pytest --update-golden"

    return compare
