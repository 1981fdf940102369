"""A step of training with real numbers beside PyTorch's, where that is installed, on as many threads.

    python benchmarks/step.py                                a model of the shape of Cerebras-GPT 111M, 2 x 256 tokens
    python benchmarks/step.py --torch /elsewhere/bin/python  PyTorch and transformers in an environment of their own

Each side is a process of its own that repeats what it is asked for, a turn of one and a turn of the other, so that what
else the machine does falls on both. Counted is CPU time, the least of all turns, and the peak of resident memory.
Measures and prints; it judges nothing and always exits 0.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
ROWS = (
    ("step_s", "step of training", "s", "1.5"), ("forward_s", "forward alone", "s", "1.7"),
    ("peak", "peak memory", "MB", "1.2"),
)  # fmt: skip
"""Figure, what it is, its unit, and the goal: ours as a multiple of PyTorch's."""

TURNS = """
import json, resource, sys, time
SIZES = json.loads(sys.argv[1])
def timed(function):
    before = time.process_time()
    function()
    return time.process_time() - before
def turn(forward, step):
    step_s, forward_s = timed(step), timed(forward)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({"step_s": step_s, "forward_s": forward_s, "peak": peak}), flush=True)
"""
OURS = (
    TURNS
    + """
import numpy as np
from wsesim.model import ModelSpec
from wsesim.graph import with_training
from wsesim.model import build_graph
from wsesim.numerics import AdamW, NamedArrays, Schedule, SeededWeights, execute, step, token_inputs
width, layers, vocab, sequences, length = (SIZES[name] for name in ("width", "layers", "vocab", "sequences", "length"))
model = ModelSpec(name="gpt", layers=layers, width=width, heads=width // 64, kv_heads=width // 64, head_width=64,
              ffn_width=4 * width, vocab=vocab, max_length=2048)
graph = with_training(build_graph(model, sequences=sequences, length=length))
arrays = NamedArrays.begin(graph, SeededWeights(graph, 0))
tokens = token_inputs(graph, np.random.default_rng(0).integers(0, vocab, (sequences, length)))
optimizer = AdamW(schedule=Schedule(peak=1e-4))
for number, _ in enumerate(sys.stdin, start=1):
    turn(lambda: execute(graph, arrays, tokens), lambda: step(graph, arrays, [tokens], optimizer, number))
"""
)
TORCH = (
    TURNS
    + """
import torch, transformers
torch.set_num_threads(SIZES["threads"])
config = transformers.GPT2Config(
    vocab_size=SIZES["vocab"], n_positions=2048, n_embd=SIZES["width"], n_layer=SIZES["layers"],
    n_head=SIZES["width"] // 64, activation_function="gelu", resid_pdrop=0, embd_pdrop=0, attn_pdrop=0)
model = transformers.GPT2LMHeadModel(config).train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
ids = torch.randint(0, SIZES["vocab"], (SIZES["sequences"], SIZES["length"]))
def forward():
    with torch.no_grad():
        model(input_ids=ids, labels=ids)
def step():
    model(input_ids=ids, labels=ids).loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
for _ in sys.stdin:
    turn(forward, step)
"""
)


@dataclass(frozen=True, kw_only=True)
class Side:
    """A process that waits for its turn."""

    process: subprocess.Popen[str]

    @classmethod
    def begin(cls, python: str, program: str, sizes: dict[str, int]) -> Side:
        """Start *program*, which answers each line it is given with one of figures."""
        threads = dict.fromkeys(THREADS, str(sizes["threads"]))
        environment = os.environ | threads | {"PYTHONPATH": str(ROOT / "sim"), "HF_HUB_OFFLINE": "1"}
        command = [python, "-c", program, json.dumps(sizes)]
        return cls(process=subprocess.Popen(command, env=environment, text=True, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))  # fmt: skip

    def turn(self) -> dict[str, float] | None:
        """Return the figures of one turn, or None if the process has ended."""
        assert self.process.stdin
        assert self.process.stdout
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None


def measure(sides: list[Side], turns: int) -> list[dict[str, float]]:
    """Return the figures of each side that runs: the least times and the highest peak, the first turn left out."""
    found: list[list[dict[str, float]]] = [[] for _ in sides]
    for _ in range(turns + 1):
        for side, figures in zip(sides, found, strict=True):
            figures.extend(filter(None, [side.turn()]))
    return [_summary(figures[1:]) for figures in found if figures]


def _summary(turns: list[dict[str, float]]) -> dict[str, float]:
    return {name: (max if name == "peak" else min)(each[name] for each in turns) for name, *_ in ROWS}


def table(ours: dict[str, float], theirs: dict[str, float] | None) -> str:
    """Return the figures as aligned text."""
    lines = [f"{'':18}{'ours':>10}{'torch':>10}{'ratio':>8}  goal"]
    for name, said, unit, goal in ROWS:
        scale = 1e-6 if unit == "MB" else 1.0
        shown = [f"{side[name] * scale:,.{0 if unit == 'MB' else 2}f} {unit}" for side in (ours, theirs) if side]
        ratio = f"{ours[name] / theirs[name]:.2f}" if theirs else "-"
        lines.append(f"{said:18}{shown[0]:>10}{(shown[1:] or ['-'])[0]:>10}{ratio:>8}  at most {goal}")
    return "\n".join(lines)


def main() -> None:
    """Measure both sides and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    sizes = {"width": 768, "layers": 10, "vocab": 50257, "sequences": 2, "length": 256, "threads": 1}
    for name, usual in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--turns", type=int, default=5, help="of each side, after one that does not count")
    parser.add_argument("--torch", default=sys.executable, help="a Python that has torch and transformers")
    options = vars(parser.parse_args())
    asked = {name: options[name] for name in sizes}
    sides = [Side.begin(sys.executable, OURS, asked), Side.begin(options["torch"], TORCH, asked)]
    ours, *theirs = measure(sides, max(1, options["turns"]))
    print(table(ours, theirs[0] if theirs else None))
    if not theirs:
        print("\nno torch and transformers here: --torch names a Python that has them")


if __name__ == "__main__":
    main()
