"""Ops: what each kind means, costs and computes, stated in one file of this package.

A file states its kinds as `OPS`; being here is all it takes to be found. What a kind lacks is a `Gap` that says why.
"""

from wsesim.ops.base import INNER, NUMERICS, CoreProgram, Elsewhere, Gap, Kernel, Kind, Option, Recipe, gradient_of
from wsesim.ops.registry import chosen, find, kinds, option_named, options, recipe_of

__all__ = [
    "INNER",
    "NUMERICS",
    "CoreProgram",
    "Elsewhere",
    "Gap",
    "Kernel",
    "Kind",
    "Option",
    "Recipe",
    "chosen",
    "find",
    "gradient_of",
    "kinds",
    "option_named",
    "options",
    "recipe_of",
]
