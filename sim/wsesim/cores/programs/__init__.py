"""Kernels as programs for cores: any rectangle, any shape, real values; cycles from the cores or in closed form."""

from wsesim.cores.errors import NoRoom, NotWritten, TooFew, TooLarge
from wsesim.cores.host import free_bytes, within
from wsesim.cores.kit.base import KernelCase, KernelProgram, Measure, Reading, slowdown
from wsesim.cores.kit.file import is_file
from wsesim.cores.kit.prepared import Agreement, Prepared
from wsesim.cores.kit.terms import TERMS, closed_terms
from wsesim.cores.path import NO_PATH, PATH_CAUSES, CriticalPath, PathSegment
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
from wsesim.cores.programs.fft import cube
from wsesim.cores.programs.gemm import (
    decode_product,
    gemv,
    local_gemm,
    mesh_gemm,
    stream_gemm,
    stream_gradient,
    summa,
)
from wsesim.cores.programs.model import (
    attention_decode,
    attention_prefill,
    cross_entropy,
    embedding,
    gelu,
    gpt_layer,
    layer_norm,
    residual,
    rms_norm,
    rotary,
    silu_gate,
    softmax,
)
from wsesim.cores.programs.probes import message, scalar, vector, vector_loop
from wsesim.cores.programs.run import KernelOutcome, find_program, run_case, run_kernel, usually_watched
from wsesim.cores.programs.sparse import spmm
from wsesim.cores.programs.stencils import columns, one_cell, star, tasks

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
        decode_product.PROGRAM,
        mesh_gemm.PROGRAM,
        stream_gemm.PROGRAM,
        stream_gradient.PROGRAM,
        layer_norm.PROGRAM,
        rms_norm.PROGRAM,
        softmax.PROGRAM,
        gelu.PROGRAM,
        silu_gate.PROGRAM,
        residual.PROGRAM,
        rotary.PROGRAM,
        attention_decode.PROGRAM,
        attention_prefill.PROGRAM,
        embedding.PROGRAM,
        cross_entropy.PROGRAM,
        gpt_layer.PROGRAM,
        summa.PROGRAM,
        local_gemm.PROGRAM,
        spmm.COO,
        spmm.CSC,
        spmm.CSR,
        spmm.ELLPACK,
        cube.PROGRAM,
        one_cell.PROGRAM,
        star.PROGRAM,
        tasks.PROGRAM,
        columns.PROGRAM,
        vector.PROGRAM,
        vector_loop.PROGRAM,
        scalar.PROGRAM,
        message.PROGRAM,
    )
}

__all__ = [
    "NO_PATH",
    "PATH_CAUSES",
    "PROGRAMS",
    "TERMS",
    "Agreement",
    "CriticalPath",
    "KernelCase",
    "KernelOutcome",
    "KernelProgram",
    "Measure",
    "NoRoom",
    "NotWritten",
    "PathSegment",
    "Prepared",
    "Reading",
    "TooFew",
    "TooLarge",
    "closed_terms",
    "find_program",
    "free_bytes",
    "is_file",
    "run_case",
    "run_kernel",
    "slowdown",
    "usually_watched",
    "within",
]  # fmt: skip
