"""A mistake is said where it was made: in a file of any kind, in an option, in a file that another one names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

STEP = "model: {layers: 2, width: 64, heads: 4, vocab: 300, max_length: 128}\nbatch: {sequences: 8, length: 64}\n"
FILES = {
    "question": f"{STEP}cluster: cs-2\n",
    "kernel": "kernel: reduce-chain\ngrid: [4, 2]\nshape: [8]\ncluster: cs-2\n",
    "study": "workload: question.yaml\nvary: {batch.sequences: [4, 8]}\n",
    "machine": "extends: cs-2\n",
    "stack": "extends: release-2\n",
}
ASKED_BY = {
    "machine": f"{STEP}cluster: machine.yaml\n",
    "stack": f"{STEP}cluster: cs-2\nsoftware: stack.yaml\n",
}
"""Files are checked by themselves or, of these kinds, through one that names them."""
SERVING = "model: gpt2\nphase: serving\ncluster: cs-2\n"
GPT2 = {"model_type": "gpt2", "n_layer": 2, "n_embd": 64, "n_head": 4, "vocab_size": 50257, "n_positions": 128}
Refused = Callable[..., str]


@pytest.fixture
def checked(in_tmp: Path, refused: Refused) -> Callable[[str, str], str]:
    """Return a function that gives what is said of a kind's file with a line more."""

    def check(kind: str, line: str) -> str:
        for each, text in FILES.items():
            Path(f"{each}.yaml").write_text(text + line if each == kind else text, "utf-8")
        Path("asks.yaml").write_text(ASKED_BY.get(kind, ""))
        return refused("check", "asks.yaml" if kind in ASKED_BY else f"{kind}.yaml")

    return check


@pytest.mark.parametrize("key", ["true", "1", "1.5", "~", "null", "0x10"])
@pytest.mark.parametrize("kind", FILES)
def test_a_key_that_is_no_text_is_refused_where_it_stands(
    checked: Callable[[str, str], str], kind: str, key: str
) -> None:
    line = FILES[kind].count("\n") + 1
    said = checked(kind, f"{key}: 1\n")
    assert said.startswith(f"{kind}.yaml:{line}:1: error: the key {key} is not text; quote it if it is meant")
    nested = checked(kind, f"x: {{a: [{{{key}: 1}}]}}\n")
    assert nested.startswith(f"{kind}.yaml:{line}:10: error: the key {key} is not text")


@pytest.mark.parametrize("kind", FILES)
def test_a_date_is_a_key_like_others(checked: Callable[[str, str], str], kind: str) -> None:
    assert "2024-01-01" in checked(kind, "2024-01-01: x\n")


@pytest.mark.parametrize("kind", FILES)
def test_a_control_character_is_refused_where_it_stands(checked: Callable[[str, str], str], kind: str) -> None:
    line = FILES[kind].count("\n") + 1
    said = checked(kind, "name: a\x1b[31m\n")
    assert said.startswith(f"{kind}.yaml:{line}:8: error: the sign U+001B cannot stand in yaml")
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ('{"model_type": "gpt2",\n "x": "NaN \\" NaN",\n "n_layer": NaN}', "3:2", "n_layer must be a whole number"),
        ('{"model_type": "gpt2",\n "n_layer": -Infinity}', "2:2", "n_layer must be a whole number"),
        ('{"n_layer": 1,\n "n_layer": 2}', "2:2", "the key 'n_layer' stands in one object twice; keep one of them"),
        ('{"n_layer": 1,\n "a\x01": 2}', "2:4", "not valid JSON: Invalid control character"),
        (json.dumps({**GPT2, "n_layer": 1e999}).replace("Infinity", "1e999"), "1:24", "n_layer must be a whole number"),
    ],
)
def test_a_config_is_refused_where_it_is_wrong(
    in_tmp: Path, refused: Refused, text: str, place: str, said: str
) -> None:
    Path("config.json").write_text(text)
    Path("w.yaml").write_text("model: {config: config.json}\nbatch: {sequences: 4}\ncluster: cs-2\n")
    found = refused("check", "w.yaml")
    assert found.startswith(f"config.json:{place}: error: ")
    assert said in found


@pytest.mark.parametrize(
    ("text", "settings", "said"),
    [
        (FILES["question"], ("=3",), "error: --set =3: write KEY=VALUE, for example --set batch.sequences=240"),
        (
            FILES["question"],
            ("model=config.json",),
            "got 'config.json'; a file goes under a key of its own: {config: config.json}",
        ),
        (
            FILES["question"],
            ("model=params.yaml",),
            "got 'params.yaml'; a file goes under a key of its own: {zoo: params.yaml}",
        ),
        (
            FILES["question"],
            ("hardware.core.sram=1 KiB",),
            "error: --set hardware.core.sram=1 KiB: hardware.core.sram cannot be: core.reserved is 2048 of 1024 bytes",
        ),
        (
            f"{FILES['question']}hardware:\n  wafer.rows: 9\n  core: {{sram: 1 KiB}}\n",
            (),
            "w.yaml:6:16: error: hardware.core.sram cannot be: core.reserved is 2048 of 1024 bytes; nothing is left",
        ),
        (
            f"{FILES['question']}hardware: {{wafer.rows: 200000}}\n",
            (),
            "w.yaml:4:24: error: hardware.wafer.rows must be at most 133,333, as a wafer has room for 100,000,000 cor",
        ),
        (f"{FILES['question']}hardware: {{fabric.wavelet: 1 GiB}}\n", (), "must be at most 512, as no more wires than"),
        (f"{SERVING}serving: {{rate: 1, slo_ttft: 2}}\n", (), "w.yaml:4:30: error: serving.slo_ttft must be a time wi"),
        (f"{SERVING}serving: {{rate: 1, slo_ttft: 0 s}}\n", (), "serving.slo_ttft must be above 0; got '0 s'"),
        (f"{SERVING}serving: {{rate: 1, speed: 2, trace: w.yaml}}\n", (), "serving.speed and serving.rate cannot both"),
        (FILES["question"], ("model.task=mlm", "model.masked=100"), "model.masked = 100 is over the 64 tokens of a se"),
        (
            FILES["kernel"].replace("[8]", "[8, 3]"),
            (),
            "w.yaml:3:8: error: reduce-chain takes one length of 1 or more, for example 1024; got 8 x 3",
        ),
        (FILES["kernel"], ("shape=[8, 3]",), "error: --set shape=[8, 3]: reduce-chain takes one length of 1 or more"),
        (f"{FILES['question']}text: nowhere.txt\n", (), "text = 'nowhere.txt' is not there: no file nowhere.txt"),
    ],
)
def test_a_mistake_says_what_would_be_right(
    in_tmp: Path, refused: Refused, text: str, settings: tuple[str, ...], said: str
) -> None:
    Path("w.yaml").write_text(text)
    assert said in refused("check", "w.yaml", *(each for setting in settings for each in ("--set", setting)))


def test_figures_that_are_right_together_are_not_refused_each_by_itself(in_tmp: Path, refused: Refused) -> None:
    together = "hardware: {core: {sram: 1 KiB, reserved: 900 B}, wafer.rows: 0}\n"
    Path("w.yaml").write_text(FILES["question"] + together)
    assert refused("check", "w.yaml").count("error: ") == 1


@pytest.mark.parametrize(
    ("machine", "overrides", "said"),
    [
        (
            "extends: cs-2\nwafer.rows: 9\ncore:\n  sram: 1 KiB\n",
            (),
            "m.yaml:4:9: error: core.reserved is 2048 of 1024",
        ),
        ("extends: cs-2\nwafer.rows: 9\n", ("hardware.core.sram=1 KiB",), "--set hardware.core.sram=1 KiB: hardware.c"),
    ],
)
def test_a_figure_of_a_machine_is_refused_where_it_stands(
    in_tmp: Path, refused: Refused, machine: str, overrides: tuple[str, ...], said: str
) -> None:
    Path("m.yaml").write_text(machine)
    Path("w.yaml").write_text(f"{STEP}cluster: m.yaml\n")
    assert said in refused("check", "w.yaml", *(each for setting in overrides for each in ("--set", setting)))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ("--machine", "no.yaml"),
            "error: --machine no.yaml: cluster.machine = 'no.yaml' is not there: no file no.yam",
        ),
        (("--machine", "cs9"), "error: --machine cs9: cluster.machine must be a machine that wsesim knows"),
        (("--shape", "7x60"), "error: --shape 7x60: reduce-chain takes one length of 1 or more, for example 1024"),
        (("--grid", "4000x1"), "error: --grid 4000x1: grid = 4000 x 1 does not fit the wafer"),
        (("--option", "type=f31"), "error: --option type=f31: option type must be one of"),
        (("--measure", "zz"), "error: --measure zz: measure = 'zz' is not a measure of reduce-chain"),
    ],
)
def test_a_mistake_in_an_option_names_the_option(refused: Refused, options: tuple[str, str], said: str) -> None:
    rest = {"--grid": "4x2", "--shape": "8"}
    rest.pop(options[0], None)
    found = refused("kernel", "reduce-chain", *(each for pair in rest.items() for each in pair), *options)
    assert found.startswith(said)
    assert "workload file" not in found
