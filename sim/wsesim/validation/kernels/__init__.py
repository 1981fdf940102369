"""Measured cycles of kernels: each row run again as a program on simulated cores, and compared."""
