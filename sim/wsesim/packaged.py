"""What is made of a file of the package is kept beside it, as Python keeps byte code: read or compiled once, not ever
again until the file changes.

It lies where byte code lies (`__pycache__`, or what `PYTHONPYCACHEPREFIX` names) and is as good as what it was
made of; a folder that nobody may write to keeps nothing.
"""

from __future__ import annotations

import marshal
import sys
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

from wsesim._version import __version__

_READABLE = 0o644
_READER = Path(__file__).with_name("yamlfile.py")


def folder_of(file: Path) -> Path:
    """Return the folder in which what is made of *file* is kept; it need not be there."""
    return Path(cache_from_source(str(file.with_suffix(".py")))).parent


def keep(place: Path, content: bytes) -> None:
    """Write what was made, all of it or nothing; where nothing can be written, it is made again next time."""
    from tempfile import NamedTemporaryFile

    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=place.parent, delete=False) as made:
            made.write(content)
        Path(made.name).chmod(_READABLE)
        Path(made.name).replace(place)
    except OSError:
        pass


def yaml_data(file: Path) -> Any:
    """Return the plain data of a yaml file of the package.

    Raises:
        InputError: as `yamlfile.read_yaml`.
    """
    place = folder_of(file) / f"{file.name}.{sys.implementation.cache_tag}"
    made_from = (__version__, *_stamp(file), *_stamp(_READER))
    try:
        kept = marshal.loads(place.read_bytes())
    except (OSError, EOFError, ValueError, TypeError):
        kept = None
    if isinstance(kept, tuple) and kept[:1] == (made_from,):
        return kept[1]
    from wsesim.yamlfile import read_yaml

    data = read_yaml(file).data
    keep(place, marshal.dumps((made_from, data)))
    return data


def _stamp(file: Path) -> tuple[int, int]:
    """Return what changes when a file does."""
    found = file.stat()
    return found.st_mtime_ns, found.st_size
