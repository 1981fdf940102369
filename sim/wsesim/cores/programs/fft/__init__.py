"""Fourier transforms spread over cores."""
