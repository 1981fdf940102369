from typing import Any

import pytest

from wsesim.errors import InputError, SpecError
from wsesim.questions import kinds
from wsesim.workload import apply_settings, is_setting, place_of, set_path, setting_names

FILE = kinds()["training"].file


def data() -> dict[str, Any]:
    return {"model": "gpt2", "batch": {"sequences": 4}, "cluster": "cs-2"}


@pytest.mark.parametrize(
    ("dotted", "value", "changed"),
    [
        ("batch.sequences", 8, {"batch": {"sequences": 8}}),
        ("batch.length", 8, {"batch": {"sequences": 4, "length": 8}}),
        ("batch", {"sequences": 2}, {"batch": {"sequences": 2}}),
        ("cluster.systems", 4, {"cluster": {"machine": "cs-2", "systems": 4}}),
        ("model.layers", 48, {"model": {"preset": "gpt2", "layers": 48}}),
        ("model", "gpt2-xl", {"model": "gpt2-xl"}),
        ("hardware.core.clock", "1 GHz", {"hardware": {"core.clock": "1 GHz"}}),
        ("verification.enabled", False, {"verification": {"enabled": False}}),
    ],
)
def test_set_path(dotted: str, value: object, changed: dict[str, Any]) -> None:
    changing = data()
    set_path(changing, dotted, value, FILE)
    assert changing == {**data(), **changed}


def test_setting_leaves_the_sections_it_came_from_alone() -> None:
    original = data()
    copy = dict(original)
    set_path(copy, "batch.sequences", 8, FILE)
    assert original == data()


@pytest.mark.parametrize(
    ("dotted", "hint"),
    [
        ("batch.seqences", "batch.sequences"),
        ("hardware.core.clok", "hardware.core.clock"),
        ("core.clock", "hardware.core.clock"),
        ("modle", "model"),
        ("qqq", "wsesim schema"),
        ("", "wsesim schema"),
    ],
)
def test_an_unknown_setting_names_the_nearest(dotted: str, hint: str) -> None:
    with pytest.raises(SpecError, match=hint):
        set_path(data(), dotted, 1, FILE)


def test_nothing_can_be_set_inside_what_is_not_a_mapping() -> None:
    with pytest.raises(SpecError, match="batch is not a mapping"):
        set_path({"batch": 3}, "batch.sequences", 1, FILE)


@pytest.mark.parametrize("kind", kinds())
def test_every_setting_can_be_set(kind: str) -> None:
    file = kinds()[kind].file
    for dotted in setting_names(file):
        assert is_setting(file, dotted)
        changing: dict[str, Any] = {}
        set_path(changing, dotted, "x", file)
        section, *key = map(str, place_of(dotted))
        assert changing[section] == ({key[0]: "x"} if key else "x")


def test_values_are_yaml() -> None:
    changing = data()
    given = apply_settings(
        changing, ["batch={sequences: 2}", "token_budget=1000", "name=x=y", "hardware.core.clock= 1 GHz"], FILE
    )
    assert changing["batch"] == {"sequences": 2}
    assert changing["token_budget"] == 1000
    assert changing["name"] == "x=y"
    assert changing["hardware"] == {"core.clock": "1 GHz"}
    assert given[("hardware", "core.clock")] == "--set hardware.core.clock= 1 GHz"


def test_null_takes_a_value_away_and_the_last_setting_counts() -> None:
    changing = data()
    apply_settings(changing, ["token_budget=5", "token_budget=null"], FILE)
    assert changing["token_budget"] is None


@pytest.mark.parametrize(
    "setting", ["batch.sequences", "=3", "batch.x=1", "name=a: b", "name=a\nphase: b", "name=[", "name=!!x"]
)
def test_a_bad_setting_says_so(setting: str) -> None:
    with pytest.raises(InputError) as caught:
        apply_settings(data(), [setting], FILE)
    assert str(caught.value).startswith(f"error: --set {setting}: ")
