"""Text to train on: where it comes from, and how it is cut into windows of tokens."""

from __future__ import annotations

from importlib import resources
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wsesim.errors import InputError, nearest, require_positive
from wsesim.numerics.tokenizer import Tokenizer

SAMPLES = {"sotu": "sotu.txt"}
"""Name of each text that ships with the package, and its file in `data/`. What it is and its licence: `data/NOTICE`."""

LIMIT_BYTES = 64 * 2**20
"""The largest file `load_text` reads, bytes. Assumed: far more text than a simulated step can use."""

_PREFIX = "sample:"


def load_text(source: str | Path) -> str:
    """Return the text that *source* names: `sample:NAME`, or the path of a UTF-8 file.

    A byte-order mark at the start is dropped; line ends are kept as they are. A relative path starts at the
    working directory.

    Raises:
        InputError: no such sample or file; a file that is empty, too large, not UTF-8 or not readable.
    """
    if isinstance(source, str) and source.startswith(_PREFIX):
        return _sample(source.removeprefix(_PREFIX))
    return _decoded(_read(Path(source)), str(source))


def token_windows(text: str, tokenizer: Tokenizer, sequences: int, length: int) -> NDArray[np.int64]:
    """Return the first `sequences * length` tokens of *text* as int64 ids of shape [sequences, length].

    Windows follow one another without overlap: row 1 goes on where row 0 stops. A text with fewer tokens starts again
    from its first token, as often as needed, with nothing in between.

    Raises:
        SpecError: *sequences* or *length* is not positive.
        InputError: *text* is empty, or holds a lone surrogate.
    """
    require_positive(sequences=sequences, length=length)
    ids = list(islice(tokenizer.iter_encode(text), sequences * length))
    if not ids:
        raise InputError.at("there is no text to take tokens from: it is empty")
    return np.resize(np.array(ids, dtype=np.int64), (sequences, length))


def _sample(name: str) -> str:
    if name not in SAMPLES:
        known = ", ".join(SAMPLES)
        raise InputError.at(f"there is no sample text {name!r}{nearest(name, SAMPLES) or f'; there is: {known}'}")
    return resources.files("wsesim.numerics").joinpath("data", SAMPLES[name]).read_bytes().decode("utf-8")


def _read(path: Path) -> bytes:
    name = str(path)
    try:
        if path.is_dir():
            raise InputError.at("this is a directory; name a text file in it", file=name)
        if path.exists() and not path.is_file():
            raise InputError.at("this is not a regular file; save the text to one", file=name)
        with path.open("rb") as file:
            data = file.read(LIMIT_BYTES + 1)
    except FileNotFoundError:
        raise InputError.at(f"no such text file; name one, or use {_PREFIX}{next(iter(SAMPLES))}", file=name) from None
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError.at(f"cannot read this text file: {reason}", file=name) from None
    if len(data) > LIMIT_BYTES:
        raise InputError.at(f"larger than {LIMIT_BYTES // 2**20} MiB; cut a piece of the text out", file=name)
    return data


def _decoded(data: bytes, name: str) -> str:
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        at = error.start
        utf16 = " (it looks like UTF-16)" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        raise InputError.at(
            f"not UTF-8: byte 0x{data[at]:02x} at offset {at} is {error.reason}{utf16}; save the text as UTF-8",
            file=name,
            line=data.count(b"\n", 0, at) + 1,
        ) from None
    if not text:
        raise InputError.at("this text file is empty", file=name)
    return text
