"""What machines cost while they do what is asked, and what a wafer of their kind does: area, yield, price."""

from __future__ import annotations

from wsesim.answer import FigureSpec, Table
from wsesim.hardware import WAFER_MM2, Cluster
from wsesim.units import show_share

POWER_FIGURES = (
    FigureSpec(name="energy_per_token_j", label="energy per token", meaning="power of all systems over the time, over "
               "tokens read and written; without servers", better="less"),
    FigureSpec(name="power_w", label="power", meaning="of all systems, mean over the time; without servers",
               better="less"),
    FigureSpec(name="power_off_w", label="power may be off by", meaning="either way, by what is known of the figures",
               better="less"),
    FigureSpec(name="idle_w", label="idle power", meaning="of all systems when no program runs, in that power",
               better="less"),
    FigureSpec(name="servers_w", label="power of servers", meaning="store, tree, hosts and switches, beside that power",
               better="less"),
    FigureSpec(name="usd_per_million_tokens", label="dollars per million tokens", meaning="systems over their years in "
               "use, and electricity with servers and what a site adds", better="less"),
)  # fmt: skip
NO_ROOM = 1.01
"""Times the area of the square that is cut from a wafer from which on a wafer is too large for it: what is rounded."""


def job_usd(cluster: Cluster, wafers: int, seconds: float, power_w: float) -> float:
    """Return the dollars of so many systems that draw *power_w* in all, servers included, for so many seconds."""
    hour = wafers * cluster.price.hour_usd(_usable(cluster)) + cluster.price.electricity_usd(power_w)
    return hour * seconds / 3600


def price_table(cluster: Cluster, power_w: float) -> Table:
    """Return what a wafer and a system cost, of which all draw *power_w* together, servers included."""
    wafer, price, usable = cluster.wafer, cluster.price, _usable(cluster)
    area = wafer.die.area_mm2(wafer.all_columns * wafer.rows, wafer.core.sram_bytes)
    all_cores = wafer.die.printed(wafer.all_columns) * wafer.rows
    bad = wafer.rows * wafer.die.bad_of_row(wafer.all_columns, wafer.core.sram_bytes)
    room = "" if area <= NO_ROOM * WAFER_MM2 else f"more than the {WAFER_MM2:,} mm2 that are cut from 300 mm"
    sold = ("wafers that spares repair", "of which each row has no more defects than spare cores")
    if wafer.lost_columns:
        worst = f"of which no row has more defects than the worst of wafer {wafer.die.seed}, which is drawn"
        sold = ("wafers that have as many columns", worst)
    rows = (
        ("area of a wafer's cores", f"{area:,.0f} mm2", room),
        ("cores that do not work", f"{_count(bad)} of {all_cores:,}", "expected"),
        (sold[0], show_share(usable, digits=3), sold[1]),
        ("a wafer that can be used", _usd(price.wafer_usd / usable), "those that cannot be are paid with it"),
        ("a system", _usd(price.system_usd + price.wafer_usd / usable), "wafer, servers and network included"),
        ("a system, an hour", _usd(price.hour_usd(usable)), f"over {price.years:g} years"),
        ("electricity, an hour", _usd(price.electricity_usd(power_w)), "all systems, servers, and what a site adds"),
    )  # fmt: skip
    return Table(name="price", title="Area, yield and price", columns=("what", "value", "note"), rows=rows)


def _usable(cluster: Cluster) -> float:
    """Return the share of wafers that can be used; one with fewer columns is sold as it is."""
    wafer = cluster.wafer
    return wafer.die.usable_share(wafer.all_columns, wafer.rows, wafer.core.sram_bytes)


def _usd(value: float) -> str:
    return f"${value:,.0f}" if value >= 1000 else f"${value:,.2f}"


def _count(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
