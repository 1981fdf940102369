"""What is asked of a placement with weights in SRAM, and what it must hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from wsesim.errors import SpecError, require_choice, require_positive
from wsesim.hardware import Cluster, Wafer
from wsesim.kernels.base import sustained_fmac
from wsesim.kernels.resident import Rectangle
from wsesim.kernels.resident_graph import resident_model
from wsesim.kernels.resident_model import ResidentModel
from wsesim.model import ModelSpec
from wsesim.software import Inference

PRECISIONS = ("fp16", "bf16", "cb16")
PLACEMENTS = ("auto", "whole", "blocks", "rectangles")


@lru_cache(maxsize=64)
def computing(wafer: Wafer, precision: str) -> Wafer:
    """Return *wafer* with 16-bit products at the rate of a precision: bf16 and cb16 add up in fp32, as mixed does."""
    if precision == "fp16":
        return wafer
    rate = min(wafer.core.fmac_fp16_per_cycle, sustained_fmac(wafer.core, precision))
    return replace(wafer, core=replace(wafer.core, fmac_fp16_per_cycle=rate))


def group_sizes(batch: int) -> tuple[int, ...]:
    """Return the sizes of groups in which a batch is tried to write, the smallest first."""
    return tuple(sorted({min(batch, 2**power) for power in range((batch - 1).bit_length() + 1)}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentRequest:
    """A model to be placed for inference, every weight in the memory of some core.

    Raises:
        SpecError: on construction, for what cannot be.
    """

    model: ModelSpec
    cluster: Cluster
    software: Inference
    precision: str = "fp16"
    """Of weights and cache: fp16 | bf16 | cb16. Sums are fp16 with fp16, and fp32 on a core with the others."""
    placement: str = "auto"
    """whole: one square of cores a wafer; blocks: as many squares as the wafer has room for; rectangles: the whole
    wafer in even parts, embedding and head apart; auto: the fastest of all, of squares if a grid is given or memory
    need not be enough."""
    prefill_grid: int | None = None
    """Side of the squares for prompts; None: as for decoding. If it differs, all is moved in between."""
    decode_grid: int | None = None
    """Side of the squares for decoding; None lets the mapping choose."""
    wafers: int | None = None
    """Of a copy; None: as many of the cluster's systems as are fastest."""
    replicas: int | None = None
    """Copies of the model, each on wafers of its own; None: as many as are fastest."""
    stages: int | None = None
    """Regions that share the layers; None lets the mapping choose."""
    positions: int
    """Positions a sequence's cache can hold."""
    batch: int = 1
    """Sequences held at once."""
    bunched: bool = False
    """Whether all of them may be in one stage together, as in a service, where each begins and ends when it does; else
    they write in groups, as large as is fastest and as there is memory for at work."""
    chunk: int | None = None
    """Tokens of a prompt that pass together; None: of those there is memory for, what is fastest."""
    ends: bool = True
    """Whether embedding, head and the way of a token back to the start are there; else layers alone."""
    must_fit: bool = True
    """False times a placement that memory is too small for, as if a part of its layers stood for all."""

    def __post_init__(self) -> None:
        require_choice("placement", self.placement, PLACEMENTS)
        require_choice("precision", self.precision, PRECISIONS)
        require_positive(positions=self.positions, batch=self.batch)
        names = ("prefill_grid", "decode_grid", "wafers", "replicas", "stages", "chunk")
        given = {name: getattr(self, name) for name in names}
        require_positive(**{name: value for name, value in given.items() if value is not None})
        if self.placement == "rectangles" and (self.prefill_grid or self.decode_grid or not self.must_fit):
            raise SpecError("placement", "rectangles must fit and have no side; leave the grids open")
        wafer, cluster = self.cluster.wafer, self.cluster
        for name in ("prefill_grid", "decode_grid"):
            if (given[name] or 1) > (side := min(wafer.columns, wafer.rows)):
                raise SpecError(name, f"must be at most {side}, the shorter side of the wafer; got {given[name]}")
        if (self.wafers or 1) > cluster.max_systems:
            raise SpecError("wafers", f"must be at most {cluster.max_systems} on {cluster.name}, got {self.wafers}")
        if (self.replicas or 1) * (self.wafers or 1) > cluster.max_systems:
            raise SpecError("replicas", f"of {self.wafers or 1} wafers must be at most {cluster.max_systems} on "
                            f"{cluster.name} together, got {self.replicas}")  # fmt: skip
        if not self.model.causal and (self.chunk or self.positions) < self.positions:
            message = f"must be all {self.positions} positions where every token sees all others; got {self.chunk}"
            raise SpecError("chunk", message)
        if (self.stages or 1) > self.model.layers:
            raise SpecError("stages", f"must be at most {self.model.layers}, one a layer; got {self.stages}")

    @property
    def laid(self) -> ResidentModel:
        """The model's ops as resident kernels see them.

        Raises:
            NotModelled: an op has no resident cost.
        """
        return resident_model(self.model)

    @property
    def writes(self) -> bool:
        """Whether the model writes tokens: it sees the past only, and its head looks for the next one."""
        return self.model.causal and self.model.task == "lm"

    @property
    def groups(self) -> tuple[int, ...]:
        """How many sequences may pass side by side as tokens are written, the fewest first: powers of two, and all."""
        if self.bunched:
            return (self.batch,)
        return group_sizes(self.batch)

    @property
    def in_rectangles(self) -> bool:
        """Whether the mapping tries to cut wafers into rectangles."""
        if self.placement != "auto":
            return self.placement == "rectangles"
        return self.must_fit and not (self.prefill_grid or self.decode_grid)

    @property
    def in_squares(self) -> bool:
        """Whether the mapping tries squares."""
        return self.placement != "rectangles"

    @property
    def systems(self) -> int:
        """The most wafers that a copy could have."""
        return self.cluster.systems // (self.replicas or 1)

    @property
    def wafer(self) -> Wafer:
        """The cluster's wafer, its 16-bit products as fast as those of the precision are."""
        return computing(self.cluster.wafer, self.precision)

    def rectangle(self, columns: int, rows: int) -> Rectangle:
        """Return a rectangle of cores of the cluster's wafer."""
        return Rectangle(wafer=self.wafer, columns=columns, rows=rows, software=self.software)
