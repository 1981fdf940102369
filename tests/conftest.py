"""`--update-golden` and the fixture `golden`: what a command prints, kept in a file and compared."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("wsesim", deadline=None)
settings.register_profile("nightly", deadline=None, max_examples=5000)  # pytest --hypothesis-profile=nightly
settings.load_profile("wsesim")
GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files; read the diff")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a function that compares text with the golden file of a name."""

    def compare(name: str, text: str) -> None:
        file = GOLDEN / name
        if request.config.getoption("--update-golden"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        assert text == file.read_text("utf-8"), f"{name} differs; if that is meant, run pytest --update-golden"

    return compare
