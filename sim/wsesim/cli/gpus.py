"""The command that lists GPUs."""

from __future__ import annotations

from dataclasses import asdict

import click

from wsesim import units
from wsesim.cli.options import manner, speaking
from wsesim.cli.output import print_json, say, table
from wsesim.units import Dimension


@click.command()
@speaking
def gpus() -> None:
    """List the GPUs that --gpu of `run` can name.

    The number of GPUs, the precision of products and a price in dollars follow the name: h100x64, b200x8:fp8@40000.
    """
    from wsesim.gpus import gpu_named, gpu_names

    known = [gpu_named(name) for name in gpu_names()]
    if manner().json:
        found = [
            {"name": gpu.key, "title": gpu.name, **asdict(gpu.chip), "figures": [asdict(each) for each in gpu.figures]}
            for gpu in known
        ]
        print_json({"status": "ok", "gpus": found})
    heads = (
        "GPU",
        "TFLOP/S, 16 BIT",
        "8 BIT",
        "4 BIT",
        "MEMORY",
        "BANDWIDTH",
        "LINKS",
        "GPUS LINKED",
        "POWER",
        "PRICE",
    )
    rows = []
    for gpu in known:
        chip = gpu.chip
        peaks = (chip.dense_16_teraflops, chip.dense_8_teraflops, chip.dense_4_teraflops)
        rows.append(
            (
                gpu.key, *(f"{peak:,.0f}" if peak else "-" for peak in peaks), f"{chip.memory_bytes / 1e9:,.0f} GB",
                units.show(chip.memory_bandwidth_bytes_per_s, Dimension.BYTES_PER_SECOND),
                units.show(chip.link_bytes_per_s, Dimension.BYTES_PER_SECOND), str(chip.link_domain),
                units.show(chip.board_w, Dimension.WATTS), f"${chip.gpu_usd:,.0f}",
            )
        )  # fmt: skip
    say(table(heads, rows))
