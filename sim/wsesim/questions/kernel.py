"""A kernel on a rectangle of cores: its cycles by wavelets or by formulas, or a figure that its program is measured by.

file ─► Kernel ─► KernelCase (cores/programs) ─► cycles, values, what every core did
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, cast

from pydantic import Field

from wsesim.answer import Answer, DoesNotFit, FigureSpec, Level, MemoryUse, NotAnswered, Outcome
from wsesim.cores.measures import MEASURES
from wsesim.hardware import override_names
from wsesim.questions.base import Asked, Draft, Reads, Say
from wsesim.questions.shared.csl_checks import check_no_program, check_program, is_program
from wsesim.questions.shared.kernel_answer import closed_answer, cores_answer, detours_told, measured_answer
from wsesim.questions.shared.kernel_checks import check_choices, check_grid, check_shape, program_of
from wsesim.workload import Default, Derived, QuestionFile, Section
from wsesim.workload.fields import Shape, Text

if TYPE_CHECKING:
    from pathlib import Path

    from wsesim.cores.programs import KernelCase, KernelProgram
    from wsesim.hardware import Wafer

MOST_PICTURES = 500
MOST_WATCHED = 256
MOST_LAUNCHES = 1000
_CASE = frozenset({"kernel", "grid", "shape", "options", "seed", "fold", "silicon"})
"""Fields that a kernel with all its choices is made of."""
UNREAD = {"fabric.wavelet", "code.switch_cycles", "code.count_cycles"}
"""Figures of the groups below that no kernel here depends on."""
_GROUPS = ("core.", "fabric.", "code.", "silicon.")
_ENERGY = {f"energy.{name}" for name in ("voltage", "mac_fp16", "mac_mixed", "mac_fp32", "sram", "issue", "hop")}
READ = {name for name in override_names() if name.startswith(_GROUPS)} - UNREAD | {"wafer.columns", "wafer.rows"}
READ |= _ENERGY | {name for name in override_names() if name.startswith("die.")}
SUPPORTED = (
    "Measured cycles of the vendor's simulator and of silicon support level cores, kernel by kernel; the closed form "
    "is held to it."
)
NO_MEMORY = (
    "this computer has too little memory to simulate it; a smaller grid takes less, one part that stands for all "
    "(fold: true) too, where there is one, and the closed form none (--level closed)"
)
UNEQUAL = (
    "fold: true has one part stand for all that do the same, and links that reach past cores that do not work "
    "(die.detour_cycles) are none alike; fold: false is answered"
)
NO_SYSTEM = "a kernel runs on one rectangle of cores: no store, no tree and no host is around it to be played"


class KernelFile(QuestionFile):
    """One kernel on a rectangle of cores."""

    kernel: Text
    """Name of a kernel, which `wsesim kernel` lists; a Python file of your own that has one, which is run; or the
    layout file of a program in CSL, which ends in .csl."""
    grid: Annotated[Shape | None, Field(min_length=2, max_length=2), Default("the layout of a program says")] = None
    """Columns and rows of cores: `64x32`. Needed by all but programs in CSL."""
    shape: Annotated[Shape | None, Field(min_length=1, max_length=8), Default("programs have params")] = None
    """Size of the problem, `64` or `64x32`; `wsesim kernel NAME` says what the numbers mean. Needed by all but programs
    in CSL."""
    params: Annotated[dict[str, int], Field(default_factory=dict), Default("as the layout has them")]
    """Of a program in CSL: values of the layout's params, as `cslc --params` takes them."""
    launch: Annotated[list[Text] | None, Field(max_length=MOST_LAUNCHES), Default("the only function exported")] = None
    """Of a program in CSL: exported functions that are run, one after the other: `main`, `scale(3, 0.5)`."""
    operands: Annotated[
        dict[str, Text | float | list[float]], Field(default_factory=dict), Default("as the program starts")
    ]
    """Of a program in CSL: what exported variables hold before: a number, numbers for a core or for all, `random`."""
    expect: Annotated[dict[str, float | list[float]], Field(default_factory=dict), Default("nothing is compared")]
    """Of a program in CSL: what exported variables hold in the end; floats agree within 1e-5 of them."""
    options: Annotated[dict[str, str | int], Field(default_factory=dict), Default("as the kernel has them")]
    """Choices of the kernel, and of what it is measured by, by name."""
    measure: Annotated[Text | None, Default("the cycles of one run")] = None
    """A figure to read in place of the cycles of one run; `wsesim kernel` lists those of each kernel."""
    silicon: Annotated[bool, Default("as the machine is designed")] = False
    """Whether what silicon takes longer than the vendor's simulator of the fabric is counted."""
    must_fit: Annotated[bool, Default("kernels run from memory")] = True
    """Whether the closed form refuses data that a core has no memory for; cores always do."""
    verify: Annotated[bool, Default("values are compared")] = True
    """Whether to compare the values with NumPy."""
    fold: Annotated[bool, Default("all cores are simulated")] = False
    """Whether one part is simulated and stands for all that do the same."""
    seed: Annotated[int, Field(ge=0, lt=2**63), Default("the first")] = 0
    """Of the random values."""
    pictures: Annotated[int, Field(ge=0, le=MOST_PICTURES), Default("six seconds of animation")] = 60
    """Pictures of the activity over time."""
    watch: Annotated[
        list[Annotated[list[int], Field(min_length=2, max_length=2)]],
        Field(max_length=MOST_WATCHED, default_factory=list),
        Default("the first row's first"),
    ]
    """Cores, each [column, row], whose tasks and vector instructions go into the trace. Default: the first row's."""


FIGURES = (
    FigureSpec(name="cycles", label="cycles", better="less", meaning="from the start of all cores to the last end"),
    FigureSpec(name="time_s", label="time", better="less", meaning="the cycles at the clock of the machine"),
    FigureSpec(name="closed_cycles", label="closed form", meaning="the cycles by the closed form"),
    FigureSpec(name="closed_error", label="closed form off", meaning="cycles by the closed form over cycles, less one"),
    FigureSpec(
        name="busy_share", label="busy", better="more", meaning="share of the simulated cores' cycles that did work"
    ),
    FigureSpec(
        name="wavelet_hops", label="wavelet hops",
        meaning="wavelets that went from router to router, each counted on each link, in the simulated part",
    ),
    FigureSpec(name="work_energy_j", label="energy of the work", better="less",
               meaning="of what the simulated part computed and moved, above what its cores draw at rest"),
    FigureSpec(name="flops_per_j", label="FLOPs per joule", better="more",
               meaning="two for each multiply-accumulate, over that energy; FLOP/s per watt is the same"),
    FigureSpec(name="compared_values", label="values compared", meaning="with NumPy's, in the simulated part"),
    FigureSpec(
        name="differing_values", label="values that differ", better="less",
        meaning="of those, the values that do not equal NumPy's",
    ),
    FigureSpec(
        name="max_error", label="largest difference",
        meaning="of any value from NumPy's; none where one is no finite number",
    ),
    FigureSpec(
        name="events", label="events", meaning="wavelets forwarded and cycles a core worked, in the simulated part"
    ),
    *MEASURES,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class KernelQuestion:
    """Which kernel, on which cores, how large."""

    kind: ClassVar = "kernel"
    mark: ClassVar = "kernel"
    file: ClassVar[type[Section]] = KernelFile
    figures: ClassVar[tuple[FigureSpec, ...]] = FIGURES
    usual: ClassVar[tuple[str, ...]] = ("cycles", "time_s", "closed_error", "busy_share")
    level: ClassVar[Level] = "cores"
    stack: ClassVar = ""
    reads: ClassVar[Reads] = Reads(hardware=frozenset(READ))
    kin: ClassVar[tuple[str, ...]] = ()
    supported: ClassVar = SUPPORTED

    asked: Asked
    case: KernelCase
    measure: str | None
    must_fit: bool
    verify: bool
    pictures: int
    watch: tuple[tuple[int, int], ...]
    """Cores of the trace, each (column, row)."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.asked.name}, asked in {self.asked.file}>"

    @property
    def title(self) -> str:
        """What is asked, in one sentence."""
        case, sizes = self.case, "x".join(map(str, self.case.shape))
        cluster = self.asked.hardware.cluster.name
        return f"{case.program.name} of {sizes} on {case.grid[0]} x {case.grid[1]} cores of {cluster}"

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Files of the user's own that the answer depends on: that of the kernel."""
        from wsesim.cores.programs import is_file

        name = self.asked.resolved["kernel"]
        return (self.asked.folder / name,) if is_file(name) else ()

    @classmethod
    def positions(cls, values: Mapping[str, Any]) -> int | None:
        """Return None: there is no model."""
        return None

    @classmethod
    def check(cls, draft: Draft) -> Derived:
        """Note what is wrong with the kernel, its grid, options, measure and shape; no default follows from another."""
        values, problems, before = draft.values, draft.problems, len(draft.problems.found)
        if is_program(values.get("kernel")):
            check_program(draft)
            return {}
        check_no_program(draft)
        program = program_of(draft)
        if program is not None:
            check_choices(program, values, problems)
        if draft.hardware is None or not values.get("grid"):
            return {}
        wafer = draft.hardware.cluster.wafer
        check_grid(values["grid"], wafer, values.get("watch", []), problems)
        if len(problems.found) == before and program is not None and values.keys() >= _CASE:
            check_shape(_case(program, values, wafer), must_fit=values.get("must_fit", True), problems=problems)
        return {}

    @classmethod
    def of(cls, asked: Asked) -> Self:
        """Return the question that a checked file asks."""
        from wsesim.cores.programs import find_program, usually_watched

        if is_program(asked.resolved["kernel"]):
            from wsesim.questions.shared.csl_question import ProgramQuestion

            return cast("Self", ProgramQuestion.of(asked))
        values = asked.resolved
        case = _case(find_program(values["kernel"], asked.folder), values, asked.hardware.cluster.wafer)
        watch = tuple((column, row) for column, row in values["watch"]) or usually_watched(case.grid[0])
        return cls(
            asked=asked, case=case, measure=values["measure"], must_fit=values["must_fit"], verify=values["verify"],
            pictures=values["pictures"], watch=tuple(core for core in watch if not case.fold or core[1] == 0),
        )  # fmt: skip

    def graph(self) -> None:
        """Return None: a kernel is one program, no graph of ops."""

    def solve(self, level: Level, say: Say) -> Outcome:
        """Run the kernel's program, or calculate its closed form.

        Raises:
            InputError: a choice that cannot be.
            ProgramError: the program cannot end.
        """
        from wsesim.cores.programs import NoRoom, NotWritten, TooFew, TooLarge, free_bytes, within

        if level == "system":
            return NotAnswered(why=NO_SYSTEM)
        case = replace(self.case, level=level)
        rate = case.wafer.fabric.link_wavelets_per_cycle
        if rate != 1:
            return NotAnswered(
                why=f"fabric.link_wavelets_per_cycle is {rate:g}: routers of kernels pass one wavelet a cycle and link "
                "on the cores, and so in the closed form that is held to them; 1 is answered"
            )
        if case.fold and detours_told(case):
            return NotAnswered(why=UNEQUAL)
        try:
            if level == "cores" or self.must_fit:
                case.check_room()
            with within(free_bytes()):
                return self._measured(case, say) if self.measure else self._whole(case, say)
        except NoRoom as error:
            data = (MemoryUse(what="data and code", bytes_per_core=error.need_bytes),)
            return DoesNotFit(why=str(error).removeprefix("error: "), memory=data, memory_limit_bytes=error.have_bytes)
        except (NotWritten, TooFew, TooLarge) as error:
            return NotAnswered(why=str(error).removeprefix("error: "))
        except MemoryError:
            return NotAnswered(why=NO_MEMORY)

    def _measured(self, case: KernelCase, say: Say) -> Answer:
        assert self.measure is not None, "asked for"
        say(f"measuring {case.program.name}")
        return measured_answer(case, self.measure, machine=self._machine, verify=self.verify)

    def _whole(self, case: KernelCase, say: Say) -> Answer:
        if case.level == "closed":
            return closed_answer(case, machine=self._machine, must_fit=self.must_fit)
        return cores_answer(
            case, machine=self._machine, verify=self.verify, watch=self.watch, pictures=self.pictures, say=say
        )  # fmt: skip

    @property
    def _machine(self) -> str:
        return self.asked.hardware.cluster.name


def _case(program: KernelProgram, values: Mapping[str, Any], wafer: Wafer) -> KernelCase:
    from wsesim.cores.programs import KernelCase

    columns, rows = values["grid"]
    return KernelCase(
        program=program, wafer=wafer, grid=(columns, rows), shape=tuple(values["shape"]),
        options={name: str(value) for name, value in values["options"].items()}, seed=values["seed"],
        fold=values["fold"], silicon=values["silicon"],
    )  # fmt: skip
