"""The parts of the manual that are made from the code: whatever stands in the code stands in the manual.

A page says where: `<!-- made: keys -->` is replaced by what the maker of that name returns, as Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from made.answers import causes, figures, limits, synonyms, words
from made.commands import commands, exit_codes
from made.gallery import gallery
from made.instructions import builtins, instructions, kernels, scalars, vectors
from made.keys import keys, machine_keys, study_keys
from made.presets import gpus, machines, models, software, sources
from made.python import python

MAKERS: Mapping[str, Callable[[], str]] = {
    each.__name__: each
    for each in (
        builtins, causes, commands, exit_codes, figures, gallery, gpus, instructions, kernels, keys, limits,
        machine_keys, machines, models, python, scalars, software, sources, study_keys, synonyms, vectors, words,
    )
}  # fmt: skip
MARK = re.compile(r"^<!-- made: (\w+) -->$", re.MULTILINE)


def fill(text: str) -> str:
    """Return a page with everything in it that is made."""
    return MARK.sub(lambda found: MAKERS[found[1]](), text)
