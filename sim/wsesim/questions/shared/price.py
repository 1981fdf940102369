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
    hour = wafers * cluster.price.hour_usd(_repaired(cluster)) + cluster.price.electricity_usd(power_w)
    return hour * seconds / 3600


def price_table(cluster: Cluster, power_w: float) -> Table:
    """Return what a wafer and a system cost, of which all draw *power_w* together, servers included."""
    wafer, price, repaired = cluster.wafer, cluster.price, _repaired(cluster)
    area, bad = wafer.die.area_mm2(wafer.cores, wafer.core.sram_bytes), _bad(cluster)
    room = "" if area <= NO_ROOM * WAFER_MM2 else f"more than the {WAFER_MM2:,} mm2 that are cut from 300 mm"
    whole = show_share(repaired, digits=3)
    rows = (
        ("area of a wafer's cores", f"{area:,.0f} mm2", room),
        ("cores that do not work", f"{bad:,.3g} of {wafer.die.printed(wafer.columns) * wafer.rows:,}", "expected"),
        ("wafers that spares repair", whole, "of which each row has no more defects than spare cores"),
        ("a wafer that can be used", _usd(price.wafer_usd / repaired), "those that cannot be are paid with it"),
        ("a system", _usd(price.system_usd + price.wafer_usd / repaired), "wafer, servers and network included"),
        ("a system, an hour", _usd(price.hour_usd(repaired)), f"over {price.years:g} years"),
        ("electricity, an hour", _usd(price.electricity_usd(power_w)), "all systems, servers, and what a site adds"),
    )  # fmt: skip
    return Table(name="price", title="Area, yield and price", columns=("what", "value", "note"), rows=rows)


def _repaired(cluster: Cluster) -> float:
    """Return the share of wafers that can be used; a wafer with fewer columns is sold as it is."""
    wafer = cluster.wafer
    return max(1e-6, wafer.die.repaired_share(wafer.columns, wafer.rows, wafer.core.sram_bytes))


def _bad(cluster: Cluster) -> float:
    wafer = cluster.wafer
    return wafer.rows * wafer.die.bad_of_row(wafer.columns, wafer.core.sram_bytes)


def _usd(value: float) -> str:
    return f"${value:,.0f}" if value >= 1000 else f"${value:,.2f}"
