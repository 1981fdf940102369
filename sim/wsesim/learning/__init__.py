"""Learning: texts with labels and without, a made-up world to ask about, and what simple readers make of them.

The door to the package: other packages import from here only.
"""

from wsesim.learning.examples import Example, Examples, divided
from wsesim.learning.linear import BagOfWords, learn
from wsesim.learning.packages import (
    PACKAGES,
    LabelledTexts,
    Package,
    PlainText,
    data_folder,
    fetch,
    find_package,
    find_text,
)
from wsesim.learning.world import (
    EASY,
    FULL,
    PLACES,
    WORLDS,
    Story,
    World,
    last_place,
    last_place_right,
    lessons_for,
    world_examples,
    world_words,
)

__all__ = [
    "EASY", "FULL", "PACKAGES", "PLACES", "WORLDS", "BagOfWords", "Example", "Examples", "LabelledTexts", "Package",
    "PlainText", "Story", "World", "data_folder", "divided", "fetch", "find_package", "find_text", "last_place",
    "last_place_right", "learn", "lessons_for", "world_examples", "world_words",
]  # fmt: skip
