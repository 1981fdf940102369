"""Numbers with their origin: groups of figures, presets that give them, and what a user changes in them."""

from wsesim.figures.entries import Entry
from wsesim.figures.names import LESS, MORE, FigureValue, Slot, flatten, is_path, neither, walk
from wsesim.figures.presets import Preset, Presets
from wsesim.figures.sources import Source, sources

__all__ = [
    "LESS",
    "MORE",
    "Entry",
    "FigureValue",
    "Preset",
    "Presets",
    "Slot",
    "Source",
    "flatten",
    "is_path",
    "neither",
    "sources",
    "walk",
]
