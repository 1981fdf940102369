"""Products of a sparse and a dense matrix on one core, in four formats."""
