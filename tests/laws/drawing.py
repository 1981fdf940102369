"""Random questions: models small and real, machines and software with figures that nobody built, prime batches.

What is drawn is plain data, the smallest question of its kind first, so that what fails is shrunk to it.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from tests.laws.asking import Data
from tests.laws.figures import machine_figures, with_factors

from wsesim import questions as doors
from wsesim.errors import InputError
from wsesim.model import load_preset, model_names
from wsesim.ops import options

WRITERS = ("decode", "generate", "serving")
STEPS = ("training", "evaluation")
BY_DAY = settings().max_examples < 1000
"""Whether few cases are tried, and so those that are answered quickly."""
KINDS = (*(12 if BY_DAY else 2) * STEPS, "prefill", "decode", "generate", "serving")
"""As often as they are drawn."""
HEADS = ((1, 1), (2, 1), (4, 4), (4, 2), (6, 3), (8, 8), (12, 4), (16, 2))
"""Heads, and those of keys and values."""
RECTANGLES: tuple[Data, ...] = ({"wafer.columns": 48, "wafer.rows": 64}, {}, {"wafer.columns": 24, "wafer.rows": 24},
              {"wafer.columns": 101, "wafer.rows": 97}, {"wafer.columns": 300, "wafer.rows": 200})  # fmt: skip
LARGEST_BY_DAY = 10e9
"""Weights of layers of the largest real model that is placed by day."""


def _weights(name: str) -> float:
    model = load_preset(name)
    return 12.0 * model.layers * model.width**2


PLACED = tuple(name for name in model_names() if not BY_DAY or _weights(name) < LARGEST_BY_DAY)
READERS = tuple(name for name in PLACED if not name.startswith(("bert", "esm")))
SHARES = (1, 2, 3, 7, 8, 12, 13, 16, 31, 60, 64, 127, 128, 720)
"""Sequences of one system."""
LENGTHS = (128, 1, 7, 60, 512, 509, 2048)


@st.composite
def shapes(draw: st.DrawFn, kind: str) -> Data:
    """Return a model of one's own."""
    heads, kv_heads = draw(st.sampled_from(HEADS))
    head_width = draw(st.sampled_from((32, 4, 16, 64, 128)))
    width = heads * head_width
    found: Data = {
        "layers": draw(st.sampled_from((2, 1, 3, 5, 12, 40))), "width": width, "heads": heads, "kv_heads": kv_heads,
        "ffn_width": draw(st.sampled_from((4 * width, width, 3 * width + 1, 8))), "max_length": 8192,
        "vocab": draw(st.sampled_from((1000, 2, 97, 32_000, 50_257))),
    }  # fmt: skip
    found |= {
        "activation": draw(st.sampled_from(sorted(options("activation")))),
        "norm": draw(st.sampled_from(sorted(options("norm")))),
        "position": draw(st.sampled_from(("learned", "rotary"))),
        "bias": draw(st.booleans()), "tied": draw(st.booleans()),
        "head_width": head_width, "sparsity": draw(st.sampled_from((0.0, 0.5, 0.9))) if kind in STEPS else 0.0,
    }  # fmt: skip
    return found | draw(st.sampled_from(_variants(kind)))


def _variants(kind: str) -> tuple[Data, ...]:
    found: tuple[Data, ...] = (
        {}, {"experts": 4, "experts_per_token": 2}, {"block": "parallel"}, {"head_norm": True},
        {"experts": 8, "experts_per_token": 1, "expert_imbalance": 1.5, "shared_width": 96},
        {"position": "alibi", "embed_norm": True, "project_bias": False},
        {"norm_order": "both", "attention_cap": 50.0, "logits_cap": 30.0, "sinks": True, "embed_scale": 8.0},
    )  # fmt: skip
    if kind in WRITERS:
        return found
    encoder = {"causal": False, "norm_order": "post", "token_types": 2}
    return (*found, {**encoder, "task": "mlm"}, {**encoder, "task": "classify"})


def models(kind: str) -> st.SearchStrategy[Data]:
    """Return a strategy of models that a kind can be asked about: most of one's own, some real."""
    names = READERS if kind in WRITERS else model_names() if kind in STEPS else PLACED
    real = st.sampled_from(names).map(lambda name: {"preset": name})
    return st.one_of(shapes(kind), shapes(kind), shapes(kind), real)


@st.composite
def works(draw: st.DrawFn, kind: str, systems: int) -> Data:
    """Return what a kind is asked to do."""
    if kind in STEPS:
        sequences = max(1, systems * draw(st.sampled_from(SHARES)) - draw(st.sampled_from((0, 0, 1))))
        batch = {"sequences": sequences, "length": draw(st.sampled_from(LENGTHS))}
        return {"batch": batch, "precision": draw(st.sampled_from(("mixed", "fp16", "fp32")))}
    if kind == "serving":
        good = draw(st.sampled_from(({}, {"slo_ttft": "10 ms"}, {"slo_tpot": "2 ms"})))
        sizes = {"prompt": draw(st.sampled_from((60, 7, 300))), "output": draw(st.sampled_from((8, 2, 61)))}
        return {"serving": {"rate": 5, "requests": 20, "longest": draw(st.sampled_from((512, 2048))), **sizes, **good}}
    found: Data = {"prompt": draw(st.sampled_from(LENGTHS)), "batch": draw(st.sampled_from((1, 1, 2, 3, 8, 13)))}
    if kind in WRITERS:
        found["generate"] = draw(st.sampled_from((8, 1, 2, 61, 256)))
        found |= draw(st.sampled_from(({}, {}, {}, {"draft_tokens": 3})))
    return {"inference": found}


@st.composite
def questions(draw: st.DrawFn, kinds: tuple[str, ...] = KINDS, *, most_systems: int = 16) -> Data:
    """Return a question about a model, on a machine and with software of which up to three figures are off."""
    kind = draw(st.sampled_from(kinds))
    systems = draw(st.sampled_from([number for number in (1, 2, 3, 4, 16) if number <= most_systems]))
    model = draw(models(kind))
    data: Data = {
        "phase": kind, "model": model, **draw(works(kind, systems)),
        "cluster": {"machine": draw(st.sampled_from(("cs-2", "cs-3"))), "systems": systems},
        "hardware": {} if "preset" in model else dict(draw(st.sampled_from(RECTANGLES))),
        "verification": {"enabled": False}, "outputs": {"timeline": False},
    }  # fmt: skip
    if kind not in STEPS:
        stack = draw(st.sampled_from(("waferllm", "waferengine")))
        data["software"] = {
            "stack": stack,
            "inference.pads_vectors": 1,
        }  # else 3 values take longer than 4, as measured
    return with_factors(data, draw(machine_figures(kind)))


@st.composite
def kernels(draw: st.DrawFn) -> Data:
    """Return a question about a kernel, on a grid and of a shape that it may refuse."""
    from wsesim.cores.programs import PROGRAMS

    name = draw(st.sampled_from(sorted(PROGRAMS)))
    side = draw(st.sampled_from((4, 2, 3, 6, 8, 16)))
    grid = draw(st.sampled_from(([side, side], [side, 1], [side, 2])))
    shape = [max(1, round(size * draw(st.sampled_from((1, 2, 3, 0.5, 8))))) for size in _usual_shape(name)]
    data: Data = {
        "kernel": name, "grid": grid, "shape": shape, "cluster": draw(st.sampled_from(("cs-2", "cs-3"))),
        "silicon": draw(st.booleans()), "pictures": 0, "hardware": {},
    }  # fmt: skip
    return with_factors(data, draw(machine_figures("kernel")))


@cache
def _usual_shape(kernel: str) -> tuple[int, ...]:
    """Return the shape that a kernel names as an example when it is asked for one that it cannot have."""
    data = {"kernel": kernel, "grid": [4, 4], "shape": [1] * 8, "cluster": "cs-2"}
    with pytest.raises(InputError) as caught:
        doors.ask(data, file="law", folder=Path())
    example = re.search(r"for example ([0-9x ]+);", str(caught.value))
    assert example, "every refusal names one"
    return tuple(map(int, example[1].split("x")))
