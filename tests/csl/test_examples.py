"""The vendor's public examples, where CSL_EXAMPLES names a checkout of them: every script runs as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from wsesim.csl.host.commands import write_commands

ROOT = Path(os.environ.get("CSL_EXAMPLES", "/nowhere"))
SILENT = {"bandwidth-test", "row-col-broadcast"}
SCRIPTS = sorted(ROOT.rglob("commands_wse*.sh")) if ROOT.is_dir() else []


@pytest.mark.nightly
@pytest.mark.skipif(not SCRIPTS, reason="CSL_EXAMPLES names no checkout")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: f"{script.parent.name}-{script.stem[9:]}")
def test_example(script: Path, tmp_path: Path) -> None:
    family = tmp_path / script.parent.parent.name
    shutil.copytree(script.parent, family / script.parent.name)
    if (libraries := script.parent.parent / "benchmark-libs").is_dir():
        shutil.copytree(libraries, family / "benchmark-libs", dirs_exist_ok=True)
    path = f"{write_commands(tmp_path / 'bin')}:{os.environ['PATH']}"
    ended = subprocess.run(
        ["bash", script.name], cwd=family / script.parent.name, env=os.environ | {"PATH": path}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert script.parent.name in SILENT or "SUCCESS" in ended.stdout or "PASS" in ended.stdout
