"""Cores and fabric, wavelet by wavelet, with real values."""
