import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.errors import InputError, SpecError
from wsesim.numerics import text as text_module
from wsesim.numerics.text import LIMIT_BYTES, SAMPLES, load_text, token_windows
from wsesim.numerics.tokenizer import Tokenizer

gpt2 = Tokenizer.gpt2()


def message_of(source: str | Path) -> str:
    with pytest.raises(InputError) as caught:
        load_text(source)
    return str(caught.value)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_loads(name: str) -> None:
    assert len(load_text(f"sample:{name}")) > 100_000


def test_the_sample_holds_whole_addresses_of_three_centuries() -> None:
    sample = load_text("sample:sotu")
    assert sample.startswith("1790 George Washington\n\nFellow-Citizens")
    assert sample.endswith("God bless you, and God bless America.\n")
    assert sample.count("\n\n") == 2 * 9 - 1
    assert sample.isascii()


def test_a_file_is_read_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_bytes("naïve\r\n😀\n".encode())
    assert load_text(file) == load_text(str(file)) == "naïve\r\n😀\n"


def test_a_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    file = tmp_path / "bom.txt"
    file.write_bytes("\ufeffmarked".encode())
    assert load_text(file) == "marked"


def test_an_unknown_sample_names_the_nearest() -> None:
    assert message_of("sample:sotou") == "error: there is no sample text 'sotou', did you mean 'sotu'?"
    assert message_of("sample:") == "error: there is no sample text ''; there is: sotu"


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "none.txt"
    assert message_of(file) == f"{file}: error: no such text file; name one, or use sample:sotu"


def test_a_directory_is_refused(tmp_path: Path) -> None:
    assert "this is a directory; name a text file in it" in message_of(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "empty.txt"
    file.write_bytes(content)
    assert message_of(file) == f"{file}: error: this text file is empty"


def test_a_byte_that_is_not_utf8_is_named_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "latin.txt"
    file.write_bytes(b"one\ntwo\ncaf\xe9\n")
    expected = "not UTF-8: byte 0xe9 at offset 11 is invalid continuation byte; save the text as UTF-8"
    assert message_of(file) == f"{file}:3: error: {expected}"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_is_recognized(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "wide.txt"
    file.write_bytes("\ufeffwide".encode(encoding))
    assert "it looks like UTF-16" in message_of(file)


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "large.txt"
    with file.open("wb") as sparse:
        sparse.truncate(LIMIT_BYTES + 1)
    assert message_of(file) == f"{file}: error: larger than 64 MiB; cut a piece of the text out"


def test_a_file_at_the_limit_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "LIMIT_BYTES", 4)
    file = tmp_path / "just.txt"
    file.write_bytes(b"abcd")
    assert load_text(file) == "abcd"


def test_a_pipe_is_refused_before_it_blocks(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "this is not a regular file" in message_of(pipe)


@pytest.mark.parametrize("source", ["with\0null.txt", "x" * 5000])
def test_a_path_that_cannot_be_opened_is_refused(source: str) -> None:
    assert "cannot read this text file: " in message_of(source)


@given(
    text=st.text(alphabet="ab c\n1é", min_size=1, max_size=40),
    sequences=st.integers(1, 5),
    length=st.integers(1, 20),
)
def test_windows_walk_round_the_text(text: str, sequences: int, length: int) -> None:
    windows = token_windows(text, gpt2, sequences, length)
    ids = gpt2.encode(text)
    assert windows.shape == (sequences, length)
    assert windows.dtype == np.int64
    for row in range(sequences):
        for column in range(length):
            assert windows[row, column] == ids[(row * length + column) % len(ids)]


def test_windows_of_the_sample_start_with_its_first_words() -> None:
    windows = token_windows(load_text("sample:sotu"), gpt2, 2, 8)
    assert gpt2.decode(windows[0]) == "1790 George Washington\n\nFellow"
    assert gpt2.decode(windows.flat).startswith("1790 George Washington\n\nFellow-Citizens of the Senate")


def test_an_empty_text_has_no_windows() -> None:
    with pytest.raises(InputError, match="no text to take tokens from"):
        token_windows("", gpt2, 1, 1)


@pytest.mark.parametrize(("sequences", "length", "name"), [(0, 4, "sequences"), (4, -1, "length")])
def test_windows_need_positive_sizes(sequences: int, length: int, name: str) -> None:
    with pytest.raises(SpecError, match=f"{name} must be positive"):
        token_windows("text", gpt2, sequences, length)
