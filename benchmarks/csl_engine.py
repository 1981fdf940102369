"""What running compiled CSL costs, in CPU time: scalar code, vectors in memory, wavelets; each run is its own process.

    python benchmarks/csl_engine.py                   # this tree
    python benchmarks/csl_engine.py --against OTHER   # in turns with another tree, and the median of ratios

Measures and prints; it judges nothing. Cycles are printed too: of the same engine they are the same.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = """
const sys = @import_module("<memcpy/memcpy>", .{});
const red = @get_color(1);
const out_q = @get_output_queue(2);
const in_q = @get_input_queue(2);
var a = @zeros([512]f32);
var total: i32 = 0;
const dsd = @get_dsd(mem1d_dsd, .{ .tensor_access = |i|{512} -> a[i] });
const send = @get_dsd(fabout_dsd, .{ .extent = 512, .fabric_color = red, .output_queue = out_q });
const receive = @get_dsd(fabin_dsd, .{ .extent = 512, .fabric_color = red, .input_queue = in_q });
fn step(x: i32) i32 { return (x * 5 + 3) & 0xffff; }
fn scalars() void {
  for (@range(u32, 3000000)) |i| { total = step(total) ^ @as(i32, i & 7); }
  sys.unblock_cmd_stream();
}
fn vectors() void {
  for (@range(u32, 60000)) |i| { @fmacs(dsd, dsd, dsd, 0.5); }
  sys.unblock_cmd_stream();
}
fn wavelets() void {
  for (@range(u32, 12000)) |i| {
    @fmovs(send, dsd, .{ .async = true });
    @fmovs(dsd, receive);
  }
  sys.unblock_cmd_stream();
}
comptime {
  @initialize_queue(out_q, .{ .color = red });
  @initialize_queue(in_q, .{ .color = red });
  @export_symbol(scalars); @export_symbol(vectors); @export_symbol(wavelets);
}
layout {
  @set_rectangle(1, 1);
  @set_tile_code(0, 0);
  @set_color_config(0, 0, red, .{ .routes = .{ .rx = .{RAMP}, .tx = .{RAMP} } });
  @export_name("scalars", fn () void);
  @export_name("vectors", fn () void);
  @export_name("wavelets", fn () void);
}
"""
NAMES = ("scalars", "vectors", "wavelets")
RUN = """
import json, sys, time
from pathlib import Path
from wsesim.csl.compile import compile_file
from wsesim.csl.machine import CslMachine
image = compile_file(Path(sys.argv[1]), arch="wse3", params={}, colors={}, import_paths=())
machine, found = CslMachine(image), {}
machine.settle()
for name in json.loads(sys.argv[2]):
    started, before = time.process_time(), machine.cycles
    machine.launch(name)
    found[name] = [time.process_time() - started, machine.cycles - before]
print(json.dumps(found))
"""
Found = dict[str, list[float]]


def measure(tree: Path, file: Path) -> Found:
    """Return CPU seconds and cycles by name, of a process of its own."""
    command = [sys.executable, "-c", RUN, str(file), json.dumps(NAMES)]
    surroundings = os.environ | {"PYTHONPATH": str(tree / "sim")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=surroundings)
    found: Found = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--against", type=Path, metavar="OTHER", help="Another tree, measured in turns.")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "program.csl"
        file.write_text(PROGRAM)
        trees = [ROOT, *([asked.against.resolve()] if asked.against else [])]
        for tree in trees:
            measure(tree, file)  # compiles the engine
        rounds = [[measure(tree, file) for tree in trees] for _ in range(asked.rounds)]
    for name in NAMES:
        times = [statistics.median(each[at][name][0] for each in rounds) for at in range(len(trees))]
        line = f"{name:<10} {rounds[0][0][name][1]:>12,.0f} cycles  {times[0]:.3f} s"
        if asked.against:
            ratio = statistics.median(ours[name][0] / theirs[name][0] for ours, theirs in rounds)
            line += f"  other {times[1]:.3f} s, {rounds[0][1][name][1]:,.0f} cycles  ratio {ratio:.3f}"
        print(line)


if __name__ == "__main__":
    main()
