"""Kinds of question: each is one file here that states its keys, its figures, what it reads and how it is solved."""
