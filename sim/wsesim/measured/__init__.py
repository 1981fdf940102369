"""Which measured rows lie nearest to a question, and how far off the simulator was there.

    facts of an answer ─► Traits ─nearest─► Nearest (a group of rows, its errors, what is unlike it)
                          rows.csv: traits and errors of all measured rows ─┘

`rows.csv` is written by `make measured`, out of what `wsesim validate` finds; a test holds it to that. Rows of
releases before 2.0, sums of model cards and claims are not in it.
"""

from wsesim.measured.nearest import nearest
from wsesim.measured.rows import FILE, Row, experiment_of, read_rows, text_of
from wsesim.measured.traits import Traits, traits_of

__all__ = ["FILE", "Row", "Traits", "experiment_of", "nearest", "read_rows", "text_of", "traits_of"]
