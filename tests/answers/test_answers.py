import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from wsesim import report
from wsesim.report import write_report
from wsesim.report.folder import FILES
from wsesim.result import Result, SimulatorCost


def contents(result: Result, folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in write_report(result, folder)}


def test_the_same_result_gives_the_same_bytes(make: Callable[..., Result], tmp_path: Path) -> None:
    first, second = contents(make(), tmp_path / "a"), contents(make(), tmp_path / "b")
    assert first == second


def test_matplotlib_settings_of_the_user_change_nothing(result: Result, tmp_path: Path) -> None:
    import matplotlib

    first = contents(result, tmp_path / "a")
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 30.0, "svg.fonttype": "path"}):
        assert contents(result, tmp_path / "b") == first


def test_cost_changes_two_files_in_one_place_each(make: Callable[..., Result], tmp_path: Path) -> None:
    first = contents(make(), tmp_path / "a")
    second = contents(make(cost=SimulatorCost(events=1, cpu_s=2.0, peak_memory_bytes=3)), tmp_path / "b")
    assert [name for name in FILES if first[name] != second[name]] == ["report.html", "result.json"]
    assert json.loads(first["result.json"]) | {"cost": 0} == json.loads(second["result.json"]) | {"cost": 0}


@pytest.mark.parametrize("case", ["result", "misfit"])
def test_the_page_is_small_enough_to_mail(case: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    files = contents(request.getfixturevalue(case), tmp_path / "a")
    assert len(files["report.html"]) < 600_000


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = ("matplotlib", "numpy", "pandas", "jinja2", "rich", "ruamel")
    code = f"import sys, wsesim.report; print([name for name in {heavy} if name in sys.modules])"
    source = str(Path(report.__file__).parents[2])
    run = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {source!r}); {code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout.strip() == "[]"


def test_all_names_that_are_promised_exist() -> None:
    assert all(callable(getattr(report, name)) for name in report.__all__)
