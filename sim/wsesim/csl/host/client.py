"""What scripts of the appliance do, on this computer: compile in a folder, run commands in one."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Any

from wsesim.csl.host import cslc
from wsesim.csl.host.reporting import HostError


class SdkCompiler:
    """Compiles; used as a context."""

    def __init__(self, **_: Any) -> None:
        """Take what an appliance would need to know."""

    def __enter__(self) -> SdkCompiler:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End."""

    def compile(self, app_path: str, csl_main: str, options: str, out_path: str = ".") -> str:
        """Compile a file of a folder; return where the program lies.

        Raises:
            HostError: it does not compile.
        """
        given = shlex.split(options)
        folder = Path(out_path) / cslc.output_name(given)
        if cslc.main([str(Path(app_path) / csl_main), *given, f"-o={folder}"]):
            raise HostError(f"{csl_main} does not compile")
        return str(folder)


class SdkLauncher:
    """Runs shell commands beside a program; used as a context."""

    def __init__(self, artifact_path: str, **_: Any) -> None:
        """Take where it lies."""
        self._folder = Path(artifact_path)

    def __enter__(self) -> SdkLauncher:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End."""

    def run(self, *commands: str) -> str:
        """Return what commands print."""
        text = [subprocess.run(["bash", "-c", each], capture_output=True, text=True, check=False) for each in commands]
        return "\n".join(each.stdout + each.stderr for each in text)

    def stage(self, path: str) -> None:
        """Files are here already."""
