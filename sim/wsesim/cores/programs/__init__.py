"""Kernels as programs for cores: any rectangle, any shape, real values; cycles from the cores or in closed form."""

from wsesim.cores.programs.base import KernelProgram, Prepared
from wsesim.cores.programs.collectives import (
    allreduce_2d,
    allreduce_chain,
    allreduce_ring,
    broadcast,
    broadcast_2d,
    reduce_chain,
    reduce_tree,
    reduce_two_phase,
)
from wsesim.cores.programs.gemm import gemv, mesh_gemm, stream_gemm, stream_gradient
from wsesim.cores.programs.run import KernelOutcome, find_program, run_kernel

PROGRAMS: dict[str, KernelProgram] = {
    program.name: program
    for program in (
        broadcast.PROGRAM,
        broadcast_2d.PROGRAM,
        reduce_chain.PROGRAM,
        reduce_two_phase.PROGRAM,
        reduce_tree.PROGRAM,
        allreduce_chain.PROGRAM,
        allreduce_2d.PROGRAM,
        allreduce_ring.PROGRAM,
        gemv.PROGRAM,
        mesh_gemm.PROGRAM,
        stream_gemm.PROGRAM,
        stream_gradient.PROGRAM,
    )
}

__all__ = ["PROGRAMS", "KernelOutcome", "KernelProgram", "Prepared", "find_program", "run_kernel"]
