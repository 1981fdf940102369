"""A kernel that is a program in CSL: compiled for the machine's generation, run on its figures, its values compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsesim.answer import DoesNotFit, Level, MemoryUse, NotAnswered, Outcome
from wsesim.errors import InputError
from wsesim.questions.base import Asked, Say
from wsesim.questions.kernel import NO_SYSTEM, KernelQuestion
from wsesim.questions.shared.csl_answer import program_answer
from wsesim.questions.shared.csl_checks import generation

if TYPE_CHECKING:
    from wsesim.csl.image import Image

NO_CLOSED = "a program in CSL is code and no formula: only cores say what it takes (--level cores)"
SLOW_LINKS = "cores that run CSL pass one wavelet a cycle and link; fabric.link_wavelets_per_cycle = 1 is answered"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProgramQuestion(KernelQuestion):
    """Which program, with which params, operands and launches."""

    image: Image
    path: Path
    launches: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def title(self) -> str:
        """What is asked, in one sentence."""
        image, cluster = self.image, self.asked.hardware.cluster.name
        return f"{self.path.name} on {image.width} x {image.height} cores of {cluster}"

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Files of the user's own that the answer depends on: those of the program."""
        from wsesim.csl.running import files_of

        return tuple(dict.fromkeys((self.path, *files_of(self.image))))

    @classmethod
    def of(cls, asked: Asked) -> ProgramQuestion:
        """Return the question that a checked file asks."""
        from wsesim.csl.running import compiled, launched, usual_launch

        values, path = asked.resolved, asked.folder / asked.resolved["kernel"]
        image = compiled(path, generation(asked.hardware.cluster.wafer), values["params"], {})
        calls = usual_launch(image) if values["launch"] is None else values["launch"]
        launches = tuple((name, tuple(bits)) for name, bits in (launched(image, call) for call in calls))
        return cls(
            asked=asked, case=None, measure=None, must_fit=True, verify=values["verify"], pictures=0, watch=(),  # type: ignore[arg-type]
            image=image, path=path, launches=launches,
        )  # fmt: skip

    def solve(self, level: Level, say: Say) -> Outcome:
        """Run the program.

        Raises:
            InputError: it does what no core can, or never ends.
        """
        from wsesim.cores.programs import NO_HOPS
        from wsesim.csl.running import CslFault, data_bytes, run_program

        wafer, values = self.asked.hardware.cluster.wafer, self.asked.resolved
        if level != "cores":
            return NotAnswered(why=NO_CLOSED if level == "closed" else NO_SYSTEM)
        if wafer.fabric.link_wavelets_per_cycle != 1:
            return NotAnswered(why=SLOW_LINKS)
        if wafer.fabric.hop_cycles < 1:
            return NotAnswered(why=NO_HOPS)
        need, have = data_bytes(self.image), wafer.core.sram_bytes
        if need > have:
            data = (MemoryUse(what="variables", bytes_per_core=need),)
            why = f"variables of the fullest core take {need:,} bytes of {have:,}"
            return DoesNotFit(why=why, memory=data, memory_limit_bytes=have)
        say(f"running {self.path.name}")
        expected: Mapping[str, Any] = values["expect"] if self.verify else {}
        try:
            found = run_program(
                self.image, wafer, operands=values["operands"], launches=self.launches, read=tuple(expected),
                seed=values["seed"],
            )  # fmt: skip
        except CslFault as error:
            raise InputError.at(str(error), file=str(values["kernel"])) from None
        return program_answer(self, found, expected)
