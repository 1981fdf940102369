"""Damaged files and arguments: whatever the bytes, an answer or a message, and nothing that steers a terminal."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wsesim.cores.programs import PROGRAMS

Call = Callable[..., Result]
SMALL = b"batch: {sequences: 2, length: 16}\ncluster: cs-2\n"
TINY = b"model: {layers: 1, width: 16, heads: 2, vocab: 50257, max_length: 32}\n"
CONFIG = {"model_type": "gpt2", "n_layer": 2, "n_embd": 64, "n_head": 4, "vocab_size": 50257, "n_positions": 128}
TABLE = (files("wsesim.validation") / "data" / "models.csv").read_bytes()
RIGHT: dict[str, tuple[str, bytes, tuple[str, ...]]] = {
    "question": ("w.yaml", TINY + SMALL, ("check", "w.yaml")),
    "kernel": ("k.yaml", b"kernel: reduce-chain\ngrid: [4, 2]\nshape: [8]\ncluster: cs-2\n", ("check", "k.yaml")),
    "study": ("s.yaml", b"workload: w.yaml\nvary: {batch.sequences: [2, 4]}\nfigures: [mfu]\n", ("check", "s.yaml")),
    "machine": ("m.yaml", b"extends: cs-2\ncore:\n  clock: {value: 1 GHz, source: me}\n", ("check", "machine.yaml")),
    "stack": ("t.yaml", b"extends: release-2\ntraining.step: 1 ms\n", ("check", "stack.yaml")),
    "config": ("config.json", json.dumps(CONFIG, indent=1).encode(), ("check", "config.yaml")),
    "trace": ("trace.csv", b"arrival_s,prompt,output\n0.5,30,9\n1.5,20,5\n", ("run", "csv.yaml")),
    "lines": ("trace.jsonl", b'{"arrival_s": 1, "prompt": 3, "output": 2}\n', ("run", "jsonl.yaml")),
    "table": ("t.csv", b"".join(TABLE.splitlines(keepends=True)[:2]), ("validate", "--table", "t.csv")),
    "text": ("t.txt", "The wafer is large. é\r\n".encode() * 9, ("verify", "text.yaml")),
    "weights": ("w.safetensors", b"", ("verify", "weights.yaml")),
}
"""What a file is called, what stands in it, and the command that reads it."""
SERVED = b"model: gpt2\nphase: serving\ncluster: cs-2\nserving: {search: false, longest: 99, trace: trace.%b}\n"
ASKING = {
    "w.yaml": TINY + SMALL,
    "machine.yaml": TINY + b"batch: {sequences: 2, length: 16}\ncluster: m.yaml\n",
    "stack.yaml": TINY + SMALL + b"software: t.yaml\n",
    "config.yaml": b"model: {config: config.json}\n" + SMALL,
    "csv.yaml": SERVED % b"csv",
    "jsonl.yaml": SERVED % b"jsonl",
    "text.yaml": TINY + SMALL + b"text: t.txt\nverification: {length: 8}\n",
    "weights.yaml": TINY + SMALL + b"verification: {length: 8, weights: w.safetensors}\n",
}
"""Files that name those."""
SLOW = ("trace", "lines", "table", "text", "weights")
PIECES = st.sampled_from([
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\r", b"\t", b"&a ", b"*a", b"!!python/object:x ", b"<<: ", b"---\n", b"- ",
    b": ", b"{", b"}", b"[" * 40, b"'", b'"', b"#", b"|\n", b"1e999", b"9" * 5000, b".inf", b".nan", b"NaN",
    b"-Infinity", b"~", b"\xe2\x80\xa8", b"\xc2\x85", b"\x1b[2J", b"? ", b"\xf0\x9f\x92\xa5", b"true: 1\n", b",",
    b"1e-300", b"-0.0", b"\x80",
])  # fmt: skip


@cache
def _weights() -> bytes:
    from safetensors.numpy import save

    draw = np.random.default_rng(0)
    tensors = {"wte.weight": (50257, 16), "wpe.weight": (32, 16), "ln_f.weight": (16,), "ln_f.bias": (16,)}
    for name, inputs, outputs in (
        ("attn.c_attn", 16, 48), ("attn.c_proj", 16, 16), ("mlp.c_fc", 16, 64), ("mlp.c_proj", 64, 16),
    ):  # fmt: skip
        tensors |= {f"h.0.{name}.weight": (inputs, outputs), f"h.0.{name}.bias": (outputs,)}
    tensors |= {f"h.0.{name}.{part}": (16,) for name in ("ln_1", "ln_2") for part in ("weight", "bias")}
    return save({name: draw.standard_normal(shape).astype(np.float32) * 0.02 for name, shape in tensors.items()})


def right(kind: str) -> bytes:
    """Return a file that nothing is wrong with."""
    return RIGHT[kind][1] or _weights()


@st.composite
def damaged(draw: st.DrawFn, kinds: tuple[str, ...]) -> tuple[str, bytes]:
    """Return a kind of file, and one with one to five changes of its bytes; of weights, of their head."""
    kind = draw(st.sampled_from(kinds))
    content = right(kind)
    head = 8 + struct.unpack("<Q", content[:8])[0] if kind == "weights" else len(content)
    rest, content = content[head:], content[:head]
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(content)))
        to = min(len(content), at + draw(st.sampled_from([1, 2, 8, 60])))
        match draw(st.sampled_from(["piece", "cut", "twice", "end", "byte", "lines"])):
            case "piece":
                content = content[:at] + draw(PIECES) + content[at:]
            case "cut":
                content = content[:at] + content[to:]
            case "twice":
                content = content[:to] + content[at:]
            case "end":
                content = content[:at] if draw(st.booleans()) else content
            case "byte":
                content = content[:at] + draw(st.binary(min_size=1, max_size=1)) + content[to:]
            case _:
                content = content.replace(b"\n", draw(st.sampled_from([b"\r\n", b"\r", b"\n\n", b" "])))
    return kind, content + rest


def _asked(call: Call, folder: Path, kind: str, content: bytes) -> Result:
    for name, text in ASKING.items():
        (folder / name).write_bytes(text)
    name, _, command = RIGHT[kind]
    (folder / name).write_bytes(content)
    more = ("--level", "closed", "--no-verify", "--out", "o", "--force") if command[0] == "run" else ()
    return call(*command, *more, "--json")


def _ended_well(found: Result) -> None:
    assert found.exit_code in (0, 1, 2), found.output
    assert found.exception is None or isinstance(found.exception, SystemExit)
    assert "Traceback" not in found.output
    assert all(sign.isprintable() or sign in "\n\t\N{NO-BREAK SPACE}" for sign in found.output), ascii(found.output)
    if found.stdout:
        json.loads(found.stdout)


@pytest.mark.parametrize("kind", RIGHT)
def test_what_is_damaged_is_right_to_begin_with(call: Call, in_tmp: Path, kind: str) -> None:
    found = _asked(call, in_tmp, kind, right(kind))
    assert found.exit_code == 0, found.output


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=damaged(tuple(kind for kind in RIGHT if kind not in SLOW)))
def test_a_damaged_file_is_right_or_a_message(call: Call, in_tmp: Path, file: tuple[str, bytes]) -> None:
    _ended_well(_asked(call, in_tmp, *file))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=damaged(SLOW))
def test_damaged_data_is_read_or_a_message(call: Call, in_tmp: Path, file: tuple[str, bytes]) -> None:
    _ended_well(_asked(call, in_tmp, *file))


WORDS = st.sampled_from([
    "run", "check", "show", "schema", "models", "machines", "software", "graph", "verify", "kernel", "levels",
    "sweep", "validate", "--json", "--quiet", "--debug", "--force", "--set", "--out", "o", "--level", "closed",
    "-h", "--version", "w.yaml", "", "é", "--", "-", "--x", "a=b", "model.layers=1", "batch.length=8", ".",
    "/dev/null", "/dev/zero", "svg", "--format", "--show", "--table", "--list", "--grid", "4x1", "--shape", "8",
    "reduce-chain", "--no-verify", "\x1b[31m",
])  # fmt: skip


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(WORDS, min_size=1, max_size=6).filter(lambda words: words[0] != "validate" or "--show" in words))
def test_any_words_are_a_command_or_a_message(call: Call, in_tmp: Path, words: list[str]) -> None:
    (in_tmp / "w.yaml").write_bytes(ASKING["w.yaml"])
    found = call(*words)
    assert found.exit_code in (0, 1, 2), found.output
    assert "Traceback" not in found.output
    assert all(sign.isprintable() or sign in "\n\t\N{NO-BREAK SPACE}" for sign in found.output), ascii(found.output)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(PROGRAMS)),
    grid=st.sampled_from(["4x4", "4x1", "1x1", "8x4", "1x5", "3x3", "0x4", "900x900", "4", "x", "-1x4"]),
    shape=st.lists(st.sampled_from([1, 2, 3, 4, 7, 8, 16, 24, 64]), min_size=1, max_size=4),
    option=st.sampled_from(["group", "precision", "type", "form", "nonzeros", "code", "banks", "halo", "pass"]),
    value=st.sampled_from(
        ["0", "1", "2", "3", "100", "1" + 12 * "0", "-1", "fp16", "f32", "tanh", "none", "x" * 300, "nan"]
    ),
)
def test_any_kernel_is_answered_or_a_message(
    call: Call, name: str, grid: str, shape: list[int], option: str, value: str
) -> None:
    sizes = "x".join(map(str, shape))
    for options in ((), ("--option", f"{option}={value}")):
        _ended_well(call("kernel", name, "--grid", grid, "--shape", sizes, "--level", "closed", "--json", *options))
