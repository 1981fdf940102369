"""Programs that are laid out in Python, and what the machine does for libraries of many cores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from wsesim.csl.host.geometry import Edge, RouteSide, RoutingPosition, SdkColor
from wsesim.csl.host.layout import SdkLayout
from wsesim.csl.host.platform import SdkTarget
from wsesim.csl.host.runtime import SdkRuntime
from wsesim.csl.machine.fourier import _lines

pytestmark = pytest.mark.xdist_group("csl")  # one worker compiles the engine that runs compiled code
RELAY = """
param size: u16;
param add: u16;
param rx: color;
param tx: color;
const in_q = @get_input_queue(2);
const out_q = @get_output_queue(3);
var table = @zeros([2]u16);
const main_id = @get_local_task_id(8);
const from = @get_dsd(fabin_dsd, .{ .extent = size, .fabric_color = rx, .input_queue = in_q });
const to = @get_dsd(fabout_dsd, .{ .extent = size, .fabric_color = tx, .output_queue = out_q });
task main() void { @add16(to, from, add + table[1], .{ .async = true }); }
comptime {
  @bind_local_task(main, main_id);
  @activate(main_id);
  @initialize_queue(in_q, .{ .color = rx });
  if (@is_arch("wse3")) { @initialize_queue(out_q, .{ .color = tx }); }
}
"""


@pytest.mark.parametrize("target", SdkTarget)
def test_regions_joined_by_paths_pass_streams_on(
    target: SdkTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("relay.csl").write_text(RELAY)
    layout, ports = SdkLayout(target), []
    ramp_out, ramp_in = RoutingPosition().set_input([RouteSide.RAMP]), RoutingPosition().set_output([RouteSide.RAMP])
    for number, place in enumerate([(1, 1), (4, 3)]):
        region = layout.create_code_region("relay.csl", f"relay{number}", 1, 1)
        rx, tx = SdkColor("rx"), region.color("tx")
        region.set_param_all("size", 3)
        region.set_param_all("add", 10 + number)
        region.set_param_all(rx)
        region.set_param_all(tx)
        region.set_symbol_all("table", np.array([0, 100], np.uint16), 2, 1)
        region.place(*place)
        ports.append((
            region.create_input_port(rx, Edge.LEFT, [ramp_in], 3),
            region.create_output_port(tx, Edge.RIGHT, [ramp_out], 3),
        ))  # fmt: skip
    layout.connect(ports[0][1], ports[1][0])
    into, out = layout.create_input_stream(ports[0][0]), layout.create_output_stream(ports[1][1])
    runtime = SdkRuntime(layout.compile(out_prefix="out"), None, memcpy_required=False)
    runtime.load()
    runtime.run()
    found = np.zeros(3, np.uint32)
    runtime.send(into, np.array([1, 2, 3], np.uint32), nonblock=True)
    runtime.receive(out, found, 3, nonblock=True)
    runtime.stop()
    assert found.tolist() == [222, 223, 224]
    with pytest.raises(RuntimeError, match="there is no stream"):
        runtime.send("nothing", found)


def test_streams_begin_and_end_where_routes_are_painted_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("relay.csl").write_text(RELAY)
    layout, rx, tx = SdkLayout(SdkTarget.WSE3), SdkColor("rx"), SdkColor("tx", 7)
    region = layout.create_code_region("relay.csl", "relay", 1, 1)
    region.set_param_all("size", 3)
    region.set_param_all("add", 5)
    region.set_param_all(rx)
    region.set_param_all(tx)
    region.paint((0, 0), rx, [RoutingPosition().set_input([RouteSide.NORTH]).set_output([RouteSide.RAMP])])
    region.paint((0, 0), tx, [RoutingPosition().set_input([RouteSide.RAMP]).set_output([RouteSide.SOUTH])])
    region.place(2, 3)
    into, out = layout.create_input_stream_from_loc((2, 3), rx), layout.create_output_stream_from_loc((2, 3), tx)
    runtime = SdkRuntime(layout.compile(out_prefix="out"), None, memcpy_required=False)
    runtime.load()
    runtime.run()
    runtime.send(into, np.array([1, 2, 3], np.uint32), nonblock=True)
    runtime.receive_tofile(out, "received", 3, nonblock=True)
    runtime.stop()
    assert np.fromfile("received", np.uint32).tolist() == [6, 7, 8]


def test_the_transform_is_numpys() -> None:
    draws = np.random.default_rng(3).random((2, 5, 16)).astype(np.float32)
    angles = np.pi * np.arange(8, dtype=np.float32) / 8
    real, imaginary = _lines(draws[0], draws[1], np.cos(angles), -np.sin(angles))
    wanted = np.fft.fft(draws[0] + 1j * draws[1])
    assert np.allclose(real + 1j * imaginary, wanted, atol=1e-5)
