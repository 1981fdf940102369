"""Reviews out of a Debian package of R's: an `ar` archive, a tar in it, and R's files of values in that."""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

from wsesim.errors import InputError
from wsesim.learning.examples import Example

_FOLDER = "./usr/lib/R/site-library/modeldata/data/"
_RAW_LZMA = [{"id": lzma.FILTER_LZMA2, "preset": 6 | lzma.PRESET_EXTREME}]
"""As R packs values, without a header of their own."""


def read_reviews(archive: Path) -> tuple[Iterator[Example], tuple[Example, ...]]:
    """Return the reviews to learn from, and those of the authors' own test.

    Raises:
        InputError: `rdata` is not installed.
    """
    packed = _member(archive.read_bytes(), b"data.tar")
    with tarfile.open(fileobj=io.BytesIO(packed)) as files:
        index, values = (_file(files, f"{_FOLDER}Rdata.{kind}") for kind in ("rdx", "rdb"))
    places = _value(gzip.decompress(index))["variables"]
    return _reviews(values, places["training_data"]), tuple(_reviews(values, places["testing_data"]))


def _reviews(values: bytes, place: Any) -> Iterator[Example]:
    start, size = map(int, place)
    table = _value(_unpacked(values[start : start + size]))
    for text, score in zip(table["review"], table["score"], strict=True):
        yield Example(" ".join(str(text).split()), int(str(score) == "great"))


def _unpacked(chunk: bytes) -> bytes:
    """Return a value of R's as bytes: four of its size, then how it is packed."""
    if chunk[4:5] == b"Z":
        return lzma.decompress(chunk[5:], format=lzma.FORMAT_RAW, filters=_RAW_LZMA)
    return zlib.decompress(chunk[4:])


def _value(data: bytes) -> Any:
    try:
        import rdata
    except ImportError:
        raise InputError.at("reviews are in R's own format: install wsesim[data], which brings rdata") from None
    with catch_warnings():
        simplefilter("ignore", UserWarning)  # of R's kinds of tables, which are read as plain ones
        return rdata.conversion.convert(rdata.parser.parse_data(data, extension=".rds"))


def _member(archive: bytes, name: bytes) -> bytes:
    """Return the member of an `ar` archive whose name begins so: 60 bytes of header, then the member, to even bytes."""
    at = len(b"!<arch>\n")
    while at < len(archive):
        header, size = archive[at : at + 60], int(archive[at + 48 : at + 58])
        if header.startswith(name):
            return archive[at + 60 : at + 60 + size]
        at += 60 + size + size % 2
    raise InputError.at(f"no {name.decode()} in this package")


def _file(files: tarfile.TarFile, name: str) -> bytes:
    found = files.extractfile(name)
    if found is None:
        raise InputError.at(f"no {name} in this package")
    return found.read()
