"""Whatever is shown cannot steer a terminal, and can be written in any encoding."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim import signs

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


@given(st.text())
def test_what_is_printable_is_printed(words: str) -> None:
    said = signs.printable(words, keep="")
    assert all(sign.isprintable() or sign == NO_BREAK_SPACE for sign in said)
    assert signs.printable(said, keep="") == said
    assert words.isprintable() <= (said == words)


def test_signs_that_steer_are_written_out_and_lines_stay() -> None:
    assert signs.printable("a\x1b]0;b\x07\u202ec\n\td") == "a\\x1b]0;b\\x07\\u202ec\n\td"
    assert signs.printable("\udc80\n", keep="") == "\\udc80\\n"


@given(st.text())
def test_ascii_is_ascii(words: str) -> None:
    assert signs.ascii_only(signs.printable(words)).isascii()


@pytest.mark.parametrize(("encoding", "written"), [("ascii", "2 us -> ?"), ("latin-1", "2 \xb5s -> ?")])
def test_a_stream_writes_the_nearest_signs(encoding: str, written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    monkeypatch.setattr("sys.stdout", stream)
    signs.write_nearest()
    stream.write("2 µs → 模")
    stream.flush()
    assert raw.getvalue().decode(encoding) == written
