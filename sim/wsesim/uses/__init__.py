"""What a trained model is for: a story with a question, a text to be told apart, words to go on from.

    folder ─load─► Trained ─┬─ Answerer     a story of the made-up world with a question -> a place
                            ├─ Classifier   a text -> a label
                            └─ Writer       a beginning -> what follows

A training judges its weights by the same three that answer a user. The door to the package.
"""

from wsesim.uses.about import ANSWERING, CLASSIFYING, USES, WRITING, About
from wsesim.uses.answerer import NOTHING, Answerer, story_words
from wsesim.uses.classifier import Classifier
from wsesim.uses.kept import Trained, load, trained_files
from wsesim.uses.reading import shares, tokenizer_of
from wsesim.uses.shipped import SHIPPED, shipped
from wsesim.uses.writer import TEMPERATURE, Writer

__all__ = [
    "ANSWERING", "CLASSIFYING", "NOTHING", "SHIPPED", "TEMPERATURE", "USES", "WRITING", "About", "Answerer",
    "Classifier", "Trained", "Writer", "load", "shares", "shipped", "story_words", "tokenizer_of", "trained_files",
]  # fmt: skip
