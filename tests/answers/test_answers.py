import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from wsesim import answers
from wsesim.answer import Comparison, Result, SimulatorCost
from wsesim.answers import write_comparison, write_result


def contents(result: Result, folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in write_result(result, folder)}


def test_the_same_result_gives_the_same_bytes(cases: dict[str, Callable[[], Result]], tmp_path: Path) -> None:
    for name, case in cases.items():
        assert contents(case(), tmp_path / "a" / name) == contents(case(), tmp_path / "b" / name)


def test_matplotlib_settings_of_the_user_change_nothing(any_result: Result, tmp_path: Path) -> None:
    import matplotlib

    first = contents(any_result, tmp_path / "a")
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 30.0, "svg.fonttype": "path"}):
        assert contents(any_result, tmp_path / "b") == first


def test_cost_changes_two_files_in_one_place_each(make: Callable[..., Result], tmp_path: Path) -> None:
    first = contents(make(), tmp_path / "a")
    second = contents(make(cost=SimulatorCost(events=1, cpu_s=2.0, peak_memory_bytes=3)), tmp_path / "b")
    assert [name for name in first if first[name] != second[name]] == ["report.html", "result.json"]
    assert json.loads(first["result.json"]) | {"cost": 0} == json.loads(second["result.json"]) | {"cost": 0}


def test_the_page_is_small_enough_to_mail(any_result: Result, tmp_path: Path) -> None:
    assert len(contents(any_result, tmp_path / "a")["report.html"]) < 600_000


def test_a_comparison_is_two_files(comparison: Comparison, tmp_path: Path) -> None:
    written = write_comparison(comparison, tmp_path / "out")
    assert [path.name for path in written] == ["levels.html", "levels.json"]
    assert json.loads(written[1].read_bytes())["program"] == "wsesim"


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = ("matplotlib", "numpy", "pandas", "jinja2", "rich", "ruamel", "wsesim.answer")
    code = f"import sys, wsesim.answers; print([name for name in {heavy} if name in sys.modules])"
    source = str(Path(answers.__file__).parents[2])
    run = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {source!r}); {code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout.strip() == "[]"


def test_all_names_that_are_promised_exist() -> None:
    assert all(callable(getattr(answers, name)) for name in answers.__all__)
