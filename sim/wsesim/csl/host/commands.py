"""Scripts of the vendor's examples, run unchanged: commands of their names first on the path."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

SHIM = Path(__file__).parent.parent / "shim"
"""Folder in which Python finds `cerebras`."""
_EXECUTABLE = stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH


def write_commands(folder: Path) -> Path:
    """Write `cslc`, `cs_python` and `sdk_debug_shell` into a folder; return it."""
    ours = str(Path(__file__).parents[3])
    path = f'PYTHONPATH={shlex.quote(ours)}:"${{PYTHONPATH:-}}"'
    with_shim = f'PYTHONPATH={shlex.quote(str(SHIM))}:{shlex.quote(ours)}:"${{PYTHONPATH:-}}"'
    python = shlex.quote(sys.executable)
    scripts = {
        "cslc": f'{path} exec {python} -m wsesim.csl.host.cslc "$@"',
        "cs_python": f'{with_shim} exec {python} "$@"',
        "sdk_debug_shell": f'[ "$1" = compile ] && shift\n{path} exec {python} -m wsesim.csl.host.cslc "$@"',
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in scripts.items():
        (folder / name).write_text(f"#!/usr/bin/env bash\n{text}\n")
        (folder / name).chmod(_EXECUTABLE)
    return folder


def run_script(script: Path, arguments: Sequence[str] = (), more: Mapping[str, str] = MappingProxyType({})) -> int:
    """Run a script in its own folder, our commands first on the path, *more* variables set; return its exit code.

    What ends in .py is a host script, which `cs_python` runs; all else is of a shell.
    """
    with tempfile.TemporaryDirectory(prefix="wsesim-csl-") as folder:
        commands = write_commands(Path(folder))
        by = str(commands / "cs_python") if script.suffix == ".py" else "bash"
        surroundings = os.environ | {"PATH": f"{commands}:{os.environ.get('PATH', '')}", **more}
        ended = subprocess.run([by, script.name, *arguments], cwd=script.parent, env=surroundings, check=False)
    return ended.returncode


def shell_lines() -> str:
    """Return what a shell evaluates to have the commands; they lie in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wsesim" / "csl"
    return f"export PATH={shlex.quote(str(write_commands(cache)))}:$PATH"
