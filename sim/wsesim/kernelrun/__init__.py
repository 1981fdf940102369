"""A kernel as the question of a file: which one, on which cores, how large; its answer as a page of pictures."""

from wsesim.kernelrun.load import is_kernel_file, load_kernel
from wsesim.kernelrun.question import FILES, KernelAnswer, KernelQuestion, ask, write_answer

__all__ = ["FILES", "KernelAnswer", "KernelQuestion", "ask", "is_kernel_file", "load_kernel", "write_answer"]
