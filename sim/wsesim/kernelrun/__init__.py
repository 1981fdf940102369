"""A kernel as the question of a file: which one, on which cores, how large; its answer as a page of pictures.

`peek` tells such files from workloads without importing what simulates; `load` reads them, `question` answers.
"""
