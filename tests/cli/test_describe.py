"""Commands that answer at once, and everything that can be wrong with a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import Result

Call = Callable[..., Result]
Refused = Callable[..., str]


def test_check(call: Call, question: Path) -> None:
    found = call("check", question, "--set", "batch.sequences=8")
    assert found.exit_code == 0
    assert found.stdout == (
        f"{question}: ok: One training step of gpt2 (124M parameters) on CS-2:"
        " 8 sequences of 64 tokens, mixed precision.\n"
    )


def test_check_of_many_files_reports_all(call: Call, question: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("model: gpt9\nbatch: {sequences: 1}\ncluster: cs-2\n")
    found = call("check", tmp_path / "a.yaml", question, tmp_path / "b.yaml")
    assert found.exit_code == 2
    assert found.stdout.startswith(f"{question}: ok")
    assert found.stderr.count(": error: ") == 2


def test_check_json(call: Call, question: Path) -> None:
    document = json.loads(call("check", question, "--json").stdout)
    assert document["status"] == "ok"
    assert document["files"][0]["name"] == "question"


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefg")
)
BAD_FILES: dict[str, tuple[bytes, str, str]] = {
    "unknown key": (b"modle: gpt2\n", "1:1", "unknown key 'modle', did you mean 'model'?"),
    "a key that is no text": (b"true: 1\n", "1:1", "the key true is not text; quote it if it is meant"),
    "wrong unit": (b"hardware: {core.clock: 1 s}\n", "1:24", "'s', which does not measure hertz"),
    "bits for bytes": (b"hardware: {core.sram: 48 Kib}\n", "1:23", "write 'KiB' if bytes were meant"),
    "no unit": (b"hardware: {core.clock: 1e9}\n", "1:24", "needs a unit, for example '850 MHz'"),
    "negative size": (b"model: {layers: -2}\n", "1:17", "model.layers must be at least 1; got -2"),
    "zero size": (b"batch: {sequences: 0}\n", "1:20", "batch.sequences must be at least 1; got 0"),
    "bool for number": (b"batch: {sequences: true}\n", "1:20", "must be a whole number; got true"),
    "text for number": (b'batch: {sequences: "4"}\n', "1:20", "got '4'; remove the quotes"),
    "nothing for a section": (b"batch:\n", "1:1", "batch is empty"),
    "list for a section": (b"batch: [4]\n", "1:8", "batch must be a mapping"),
    "heads and width": (
        b"model: {layers: 2, width: 100, heads: 12}\nbatch: {sequences: 1, length: 8}\ncluster: cs-2\n",
        "1:39",
        "model.heads = 12 does not divide model.width = 100; make the width 96 or 108, or give head_width",
    ),
    "unknown preset": (b"model: gpt-2\n", "1:8", "did you mean 'gpt2'?"),
    "unknown machine": (b"cluster: cs2\n", "1:10", "did you mean 'cs-2'?"),
    "machine of a file": (b"cluster: mine.yaml\n", "1:10", "'mine.yaml' is not there"),
    "empty": (b"", "1", "the file is empty"),
    "only a comment": (b"# nothing\n", "1", "the file is empty"),
    "duplicate key": (b"model: gpt2\nmodel: gpt2\n", "2:1", "duplicate key"),
    "bomb": (BOMB.encode(), "5:4", "aliases and merge keys add more than 50,000 values"),
    "tag": (b"model: !!python/object:os.system x\n", "1:8", "yaml tags"),
    "tab": (b"batch:\n\tsequences: 1\n", "2:1", "a tab cannot indent yaml"),
    "not utf-8": (b"model: gpt2\nname: caf\xe9\n", "2:10", "byte 0xe9 is not UTF-8"),
    "utf-16": ("model: gpt2".encode("utf-16"), "1:1", "not UTF-8"),
    "binary": (bytes(range(256)), "2:118", "is not UTF-8"),
    "not a mapping": (b"- gpt2\n", "1:1", "a workload is a mapping"),
    "two documents": (b"model: gpt2\n---\nmodel: gpt2\n", "2:1", "a second document"),
    "deep": (b"a: " + b"[" * 5000, "1", "nested more than"),
    "text missing": (b"text: no.txt\n", "1:7", "text = 'no.txt' is not there"),
    "text is a folder": (b"text: .\n", "1:7", "text = '.' is a folder"),
    "vocabulary too small": (
        b"model: {preset: gpt2, vocab: 99}\ntext: question.yaml\n",
        "2:7",
        "cannot be used with a vocabulary of 99: text is cut into GPT-2's 50,257 tokens",
    ),
    "too many systems": (
        b"batch: {sequences: 6}\ncluster: {machine: cs-2, systems: 193}\n",
        "2:",
        "cluster.systems must be at most 192 on CS-2",
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_one_message_at_its_place(refused: Refused, tmp_path: Path, name: str) -> None:
    content, place, message = BAD_FILES[name]
    file = tmp_path / "question.yaml"
    missing = {b"model": b"model: gpt2\n", b"batch": b"batch: {sequences: 4}\n", b"cluster": b"cluster: cs-2\n"}
    if message != "error" and "yaml " not in message and content[:1].isalpha() and b"---" not in content:
        content += b"".join(line for key, line in missing.items() if key + b":" not in content)
    file.write_bytes(content)
    said = refused("check", file)
    assert said.startswith(f"{file}:{place}")
    assert message in said
    assert said.count("error: ") == 1


def test_a_missing_file(refused: Refused, tmp_path: Path) -> None:
    assert refused("check", tmp_path / "no.yaml") == f"{tmp_path / 'no.yaml'}: error: no such file\n"
    assert "is a folder" in refused("check", tmp_path)


def test_a_huge_file_is_not_read(refused: Refused, tmp_path: Path) -> None:
    file = tmp_path / "huge.yaml"
    with file.open("wb") as stream:
        stream.truncate(100 << 20)
    assert "is too large" in refused("check", file)


def test_a_bad_setting(refused: Refused, question: Path) -> None:
    assert refused("check", question, "--set", "batch.seqences=1").startswith("error: --set batch.seqences=1: ")


def test_show_is_a_file_again(call: Call, question: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.yaml"
    again.write_text(call("show", question, "--set", "batch.sequences=8").stdout)
    shown = [json.loads(call("show", file, "--json").stdout)["workload"] for file in (question, again)]
    assert shown[1] == {**shown[0], "batch": {**shown[0]["batch"], "sequences": 8}}


def test_show_json_has_defaults_and_figures_with_sources(call: Call, question: Path) -> None:
    document = json.loads(call("show", question, "--json").stdout)
    assert document["status"] == "ok"
    (precision,) = (default for default in document["defaults"] if default["name"] == "precision")
    assert precision["text"] == "mixed"
    assert all(each["source"] for each in (*document["defaults"], *document["figures"]))
    assert {"core.clock", "training.step"} <= {figure["name"] for figure in document["figures"]}


def test_schema_is_json(call: Call) -> None:
    assert json.loads(call("schema").stdout)["title"] == "wsesim workload"
    assert json.loads(call("schema", "--results").stdout)["title"] == "What wsesim answers in JSON"


def test_init_writes_a_workload_that_is_right_and_never_overwrites(call: Call, refused: Refused, in_tmp: Path) -> None:
    assert call("init").stdout == "wrote workload.yaml; now: wsesim run workload.yaml\n"
    assert call("check", "workload.yaml").exit_code == 0
    (in_tmp / "workload.yaml").write_text("mine")
    assert "is already there" in refused("init")
    assert "--force" in refused("init", "--force")
    assert (in_tmp / "workload.yaml").read_text() == "mine"
    assert json.loads(call("init", "a/new/folder.yaml", "--json").stdout)["file"] == "a/new/folder.yaml"


@pytest.mark.parametrize(
    ("command", "name"), [("models", "gpt2"), ("machines", "cs-2"), ("software", "waferllm"), ("gpus", "h100")]
)
def test_lists(call: Call, command: str, name: str) -> None:
    lines = call(command).stdout.splitlines()
    assert any(line.startswith(f"{name} ") for line in lines)
    document = json.loads(call(command, "--json").stdout)
    assert name in [each["name"] for each in document[command]]
