"""The same question at three levels of detail, side by side: formulas, systems, cores.

closed   sums of closed forms; nothing is played
system   what `wsesim run` does: stores, trees, wafers and requests are played, kernels are closed forms
cores    kernels run wavelet by wavelet on a scaled-down rectangle; what that says of each goes back into the system
"""
