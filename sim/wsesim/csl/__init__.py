"""CSL, the language of kernels: a compiler to images (`compile`), a machine that runs them, and the host's side."""
