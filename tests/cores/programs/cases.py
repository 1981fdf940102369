"""Small questions of every program: some that are chosen, and as many more as are drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from wsesim.cores.programs import PROGRAMS, KernelCase
from wsesim.hardware import load_cluster

WAFERS = [load_cluster(name).cluster.wafer for name in ("cs-1", "cs-2", "cs-3")]
Sizes = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """A question small enough to be asked often."""

    grid: tuple[int, int]
    shape: Sizes
    options: dict[str, str] = field(default_factory=dict)

    def case(self, name: str, number: int) -> KernelCase:
        """Return it as one of a program's; *number* says which machine, and is the seed."""
        wafer = WAFERS[number % len(WAFERS)]
        return KernelCase(
            program=PROGRAMS[name], wafer=wafer, grid=self.grid, shape=self.shape, options=self.options, seed=number
        )


def small(columns: int, rows: int, *shape: int, **options: str) -> Small:
    return Small(grid=(columns, rows), shape=shape, options=options)


FEATURES = [small(1, 1, 3, 5), small(3, 2, 5, 11), small(5, 1, 2, 9, group="2"), small(9, 4, 3, 2)]
HEADS = [small(3, 2, 2, 5, 7), small(4, 2, 2, 4, 8), small(7, 6, 2, 2, 3)]
SPARSE = [small(2, 1, 6, 5, 7, 12), small(1, 1, 3, 4, 4, 6)]
LINES = [small(2, 1, 1), small(5, 2, 7), small(4, 3, 6, type="i32"), small(1, 3, 2)]
GROUPS = [*LINES, small(7, 1, 3, group="3"), small(11, 1, 9, group="99")]
PRECISE = [small(3, 2, 7, 8, 5, precision=name) for name in ("fp32", "mixed", "fp16")] + [small(6, 1, 1, 1, 1)]
BACKWARD = ("affine", "softmax-gradient", "layer-norm-gradient", "gelu-gradient", "cross-entropy-gradient", "adamw")
"""What a training step needs beside the forward pass."""
SMALL: dict[str, list[Small]] = {
    **dict.fromkeys(("broadcast", "broadcast-2d", "reduce-chain", "allreduce-chain", "allreduce-2d"), LINES),
    **dict.fromkeys(("reduce-two-phase", "reduce-tree"), GROUPS),
    "allreduce-ring": [*LINES, small(6, 1, 13)],
    "gemv": [small(4, 2, 12, 9, precision=name) for name in ("fp32", "mixed", "fp16")] + [small(3, 1, 300, 2)],
    "mesh-gemm": [
        small(1, 1, 3, 4, 5),
        small(3, 3, 7, 8, 5),
        small(2, 2, 4, 60, 4),
        small(2, 2, 3, 4, 5, compute="twice"),
        small(7, 7, 1, 1, 1, compute="never"),
    ],
    "stream-gemm": [
        *(small(3, 2, 7, 8, 5, sums=name) for name in ("apart", "each")),
        *PRECISE,
        small(3, 1, 4, 7, 6, nonzeros="2"),
        small(2, 2, 5, 4, 6, **{"pass": "input-gradient"}),
    ],
    "stream-gradient": [*PRECISE, small(3, 1, 20, 4, 12)],
    "summa": [small(3, 2, 7, 8, 5), small(2, 2, 4, 4, 4, transfers="library"), small(7, 2, 1, 1, 1)],
    "local-gemm": [small(2, 1, 3, 5, 4), small(1, 1, 3, 4, 2, code="scalar")],
    **dict.fromkeys(("spmm-coo", "spmm-csc", "spmm-csr", "spmm-ellpack"), SPARSE),
    "fft-3d": [small(4, 4, 4), small(8, 1, 8), small(2, 2, 2)],
    "stencil-one-cell": [small(5, 4, 5), small(3, 3, 2)],
    "stencil-star": [small(4, 3, 5, 4, 1, 5), small(3, 4, 5, 6, 3, 4), small(3, 3, 9, 9, 1, 2, halo="free")],
    "stencil-tasks": [small(4, 3, 5, 4, 1, 5), small(3, 3, 4, 5, 2, 3)],
    "vector": [small(2, 1, 9, op=op, type=kind) for op in ("add", "mac", "mov") for kind in ("f32", "f16")],
    "vector-loop": [small(1, 1, 64, 16), small(1, 1, 512, 16, form="for-map")],
    "scalar": [small(2, 1, 5), small(1, 1, 4, code="memory")],
    "message": [small(2, 1, 9), small(5, 2, 4, relays="2")],
    **dict.fromkeys(("layer-norm", "rms-norm", "silu-gate", "residual", "cross-entropy"), FEATURES),
    "softmax": [*FEATURES[:3], small(2, 3, 5, 7, mask="causal")],
    **dict.fromkeys(BACKWARD, FEATURES[1:3]),
    "gelu": [small(3, 2, 5, 7, form="erf"), small(2, 1, 3, 4, form="tanh")],
    "rotary": [small(3, 2, 5, 8), small(2, 1, 3, 10)],
    "embedding": [small(3, 2, 5, 7, 10), small(1, 4, 6, 9, 3), small(4, 7, 2, 3, 1)],
    "attention-prefill": [*HEADS, small(3, 2, 2, 5, 7, mask="none")],
    "attention-decode": [*HEADS, small(3, 2, 2, 5, 7, group="2")],
    "gpt-layer": [small(3, 2, 3, 8, 2), small(2, 2, 4, 4, 2, form="erf"), small(6, 5, 2, 4, 2)],
}
GROUP = tuple(map(str, range(1, 9)))
CHOICES: dict[str, tuple[str, ...]] = {
    "group": GROUP, "form": ("erf", "tanh"), "mask": ("causal", "none"), "compute": ("once", "never"),
    "transfers": ("overlapped", "library"), "banks": ("apart", "same"), "type": ("f32", "i32"),
    "halo": ("wait", "free"), "op": ("mac", "add", "mov"), "code": ("vector", "scalar"),
    "pass": ("forward", "input-gradient"), "handled": ("no", "yes"), "precision": ("fp32", "mixed"),
}  # fmt: skip
"""What is drawn of options, where a program says nothing else; what stands in none of both keeps its default."""
OWN_CHOICES: dict[str, dict[str, tuple[str, ...]]] = {
    "gemv": {"precision": ("fp16", "mixed", "fp32")}, "mesh-gemm": {"compute": ("once", "once", "never", "twice")},
    "softmax": {"mask": ("none",)},
    "stream-gemm": {"precision": ("fp32", "mixed", "fp16"), "sums": ("fast", "each", "apart")},
    "stream-gradient": {"precision": ("fp32", "mixed", "fp16")},
    "vector": {"type": ("f32", "f16")}, "vector-loop": {"form": ("while", "map", "for-map")},
    "scalar": {"code": ("dependent", "taken", "not-taken", "memory")}, "local-gemm": {"compute": ("once",)},
}  # fmt: skip
MOST: dict[str, tuple[Sizes, Sizes]] = {
    **dict.fromkeys(("layer-norm", "rms-norm", "softmax", "silu-gate", "residual", "cross-entropy", "gelu", *BACKWARD),
                    ((19, 3), (30, 90))),
    "rotary": ((19, 3), (30, 59)), "embedding": ((19, 3), (30, 59, 29)), "gpt-layer": ((8, 5), (8, 4, 4)),
    **dict.fromkeys(("attention-decode", "attention-prefill"), ((8, 5), (4, 8, 29))),
    **dict.fromkeys(("broadcast", "broadcast-2d", "reduce-chain", "reduce-two-phase", "reduce-tree", "allreduce-chain",
                     "allreduce-2d", "allreduce-ring"), ((19, 3), (79,))),
    "gemv": ((29, 2), (119, 79)), "mesh-gemm": ((7, 7), (90, 50, 70)), "summa": ((7, 7), (69, 89, 59)),
    **dict.fromkeys(("stream-gemm", "stream-gradient"), ((8, 3), (170, 32, 29))), "local-gemm": ((2, 2), (23, 23, 23)),
    **dict.fromkeys(("spmm-coo", "spmm-csc", "spmm-csr", "spmm-ellpack"), ((2, 1), (9, 14, 40, 14))),
    "fft-3d": ((1, 2), (4,)), "stencil-one-cell": ((6, 6), (9,)), "stencil-star": ((3, 3), (14, 14, 3, 5)),
    "stencil-tasks": ((1, 1), (14, 14, 3, 5)), "vector": ((3, 2), (300,)), "vector-loop": ((2, 1), (6, 1)),
    "scalar": ((2, 2), (40,)), "message": ((4, 2), (40,)),
}  # fmt: skip
"""Largest grid and largest sizes that are drawn."""


def _walled(drawn: Small) -> Small:
    grid = drawn.grid[0] + 2, drawn.grid[1] + 2
    width, height, *rest = drawn.shape
    radius = rest[0] if rest else 0
    return Small(grid=grid, shape=(width + radius, height + radius, *rest), options=drawn.options)


def _shaped(make: Callable[..., Sizes]) -> Callable[[Small], Small]:
    return lambda drawn: Small(grid=drawn.grid, shape=make(*drawn.shape), options=drawn.options)


def _cube(drawn: Small) -> Small:
    points = 1 << drawn.shape[0]
    return Small(grid=(points, points if drawn.grid[1] > 1 else 1), shape=(points,))


def _relayed(drawn: Small) -> Small:
    relays = 1 + drawn.shape[0] % 3
    return Small(
        grid=(1 + relays * drawn.grid[0], drawn.grid[1]), shape=drawn.shape,
        options={**drawn.options, "relays": str(relays)},
    )  # fmt: skip


MADE: dict[str, Callable[[Small], Small]] = {
    "rotary": _shaped(lambda tokens, pairs: (tokens, 2 * pairs)),
    "gpt-layer": _shaped(lambda tokens, width, heads: (tokens, heads * width, heads)),
    "mesh-gemm": lambda drawn: Small(grid=(drawn.grid[0],) * 2, shape=drawn.shape, options=drawn.options),
    **dict.fromkeys(
        ("spmm-coo", "spmm-csc", "spmm-csr", "spmm-ellpack"),
        _shaped(lambda rows, depth, width, slots: (rows, depth, width, rows * min(slots, depth))),
    ),
    "fft-3d": _cube, "message": _relayed,
    "vector-loop": _shaped(lambda turns, _: (256 * turns, 16)),
    "stencil-one-cell": lambda drawn: Small(grid=(drawn.grid[0] + 3, drawn.grid[1] + 3), shape=drawn.shape),
    **dict.fromkeys(("stencil-star", "stencil-tasks"), _walled),
}  # fmt: skip
"""Makes a question that can be of one whose sizes are drawn."""


def drawn(name: str, random: np.random.Generator) -> Small:
    """Return a random question of a program."""
    grid, sizes = (tuple(int(random.integers(1, most + 1)) for most in each) for each in MOST[name])
    choices = {**CHOICES, **OWN_CHOICES.get(name, {})}
    options = {
        option: str(random.choice(choices[option])) for option in PROGRAMS[name].options if option in choices
    }  # fmt: skip
    found = Small(grid=(grid[0], grid[1]), shape=sizes, options=options)
    return MADE[name](found) if name in MADE else found
