"""The kernels of a GPT as programs for cores, and a whole layer of them."""
