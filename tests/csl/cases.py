"""Cases of CSL: files of small programs, each below a line `//// title`; files they import below lines `//+ name`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wsesim.csl.compile import compile_tile
from wsesim.csl.image import Image, TileClass
from wsesim.csl.machine import CslMachine
from wsesim.csl.machine.machine import DTYPES
from wsesim.csl.passes import PASSES
from wsesim.errors import InputError

HERE = Path(__file__).parent
LAUNCHED = """
const sys__ = @import_module("<memcpy/memcpy>", .{});
fn launch__() void { main(); sys__.unblock_cmd_stream(); }
comptime { @export_symbol(launch__, "main"); }
"""
"""Makes a program of a file with `fn main() void`, which the host launches once."""


@dataclass(frozen=True)
class Case:
    """A program with its title; `arch` and what its variables come to are read from lines `//: name = values`."""

    file: str
    title: str
    text: str
    arch: str = "wse3"
    expected: dict[str, list[float]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.file}: {self.title}"


def cases(folder: str) -> list[Case]:
    """All programs of the files in a folder."""
    return [case for path in sorted((HERE / folder).glob("*.csl")) for case in _cases(path)]


def _cases(path: Path) -> list[Case]:
    found = []
    for part in path.read_text().split("//// ")[1:]:
        title, text = part.split("\n", 1)
        arch, expected = "wse3", {}
        for line in text.splitlines():
            if line.startswith("//: "):
                name, value = line[4:].split(" = ")
                if name == "arch":
                    arch = value
                else:
                    expected[name] = [_number(word) for word in value.split()]
        found.append(Case(path.stem, title, text, arch, expected))
    return found


def _number(word: str) -> float:
    return {"true": 1, "false": 0}[word] if word in ("true", "false") else float(word) if "." in word else int(word, 0)


def compiled(case: Case, folder: Path, passes: tuple[str, ...] = PASSES) -> TileClass | Exception:
    """The tile class of a case, whose files lie in a folder, or what is wrong with it."""
    parts = re.split(r"(?m)^//\+ (\S+)$", case.text)
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        (folder / name).write_text(text)
    kept = lambda match: "export var " if match[1] in case.expected else match[0]  # noqa: E731
    path = folder / "program.csl"
    path.write_text(re.sub(r"(?m)^var (?=(\w+))", kept, parts[0]) + LAUNCHED)
    try:
        return compile_tile(path, {}, arch=case.arch, passes=passes)
    except InputError as problem:
        return problem


def run_all(all_cases: list[Case], arch: str, folder: Path, passes: tuple[str, ...] = PASSES) -> dict[str, Any]:
    """What the variables of each case hold after `main`; all cases of a generation run side by side."""
    chosen = [case for case in all_cases if case.arch == arch]
    folders = [folder / f"{arch}-{number}" for number in range(len(chosen))]
    for each in folders:
        each.mkdir()
    tiles = {case.id: compiled(case, each, passes) for case, each in zip(chosen, folders, strict=True)}
    found: dict[str, Any] = {name: tile for name, tile in tiles.items() if isinstance(tile, Exception)}
    good = {name: tile for name, tile in tiles.items() if isinstance(tile, TileClass)}
    if good:
        numbers = np.arange(len(good), dtype=np.int32)
        image = Image(arch=arch, width=len(good), height=1, classes=tuple(good.values()), class_of=numbers.tobytes())
        machine = CslMachine(image)
        machine.launch("main")
        found |= {name: variables(tile, machine.memory(core)) for core, (name, tile) in enumerate(good.items())}
    return found


def variables(tile: TileClass, memory: npt.NDArray[np.uint16]) -> dict[str, Any]:
    """What the variables of a core hold; `module.name` for those of modules."""
    found = {}
    for variable in tile.symbols:
        words = memory[variable.address : variable.address + variable.count * variable.t.words].copy()
        found[variable.name] = words.view(DTYPES[variable.t])[: variable.count]
    return found


def differs(case: Case, found: dict[str, Any]) -> list[str]:
    """What does not come out as a case says."""
    wrong = []
    for name, wanted in case.expected.items():
        if name not in found:
            wrong.append(f"{name} is not there; there is {', '.join(found)}")
        elif not np.array_equal(found[name].astype(np.float64), np.array(wanted, np.float64)):
            wrong.append(f"{name} is {found[name].tolist()}, not {wanted}")
    return wrong
