"""Linear layers by weight streaming: forward, gradient of the input, gradient of the weight.

    weights enter at the edge, one value and its index a wavelet, and are broadcast down their column
              | w   | w   | w
              v     v     v
           +-----+-----+-----+
    token  | y+= | y+= | y+= |  each weight triggers an AXPY over the core's tokens: y[:] += w * x[:, feature]
    rows   | w*x | w*x | w*x |
           +-----+-----+-----+
              ------------->     partial sums of one output feature run along the row while the next is computed

Sums take the datapath in turn with the products: the first AXPY of an output takes its sum from the west and the last
sends it east, at the two values a cycle that a wavelet of 16-bit sums brings. A datapath that multiplies no more of
them, as the CS-2's, loses nothing; a CS-3's loses half of those two. So cores do it, wavelet by wavelet, and so
training of Llama on a CS-3 is measured: with sums beside the products it comes out 7 % too fast, at worst 15.

The gradient of the input is the same with rows and columns of the weight exchanged. For the gradient of the weight
the narrower of x and dy is broadcast along the row, each core multiplies it with the other over its tokens, and the
sums run down the column and out at the edge. One operand of each multiply-accumulate comes from the fabric, as a core
has no room for what its row holds: what is broadcast passes once for every feature of a core. Chosen with training on a
CS-3 in view, whose datapath such a stream feeds by less than half.

Of fewer inputs than columns, as an adapter's rank, sums would pass more cores than add to them. There it is the inputs
that run along the row, once for each output of a core, whose weights its column gets: no sum leaves its core.

Zeros are never sent: with a *density* below 1 only so many of the weights come and start an AXPY, and only their
gradients are made. The column with most of them sets the pace (`zeros`). Partial sums are as many as before. Of several
*matrices* (experts) each multiplies its own share of the tokens, one right after the other on all cores.
"""

from __future__ import annotations

from wsesim.kernels.base import MIXED_TRAFFIC_BYTES, Cost, Region, all_of, mac_events
from wsesim.kernels.zeros import busiest

FED = 2.0
"""AXPYs of an output whose sum the fabric brings or takes: the first and the last."""


def forward(
    region: Region, *, inputs: int, outputs: int, positions: float = 1.0, density: float = 1.0, matrices: int = 1
) -> Cost:
    """Return the cost of y = x @ W with *inputs* features in and *outputs* out.

    `positions` is the share of the region's tokens that take part: below 1 for a head that looks at masked positions
    only, above 1 where a token goes to several experts.
    """
    if inputs_pass(region, inputs=inputs, outputs=outputs):
        return _narrow(region, inputs, outputs, positions=positions, density=density, matrices=matrices)
    tokens = region.tokens_per_core * positions
    axpy = region.axpy(region.precision, tokens / matrices)
    weights_per_core = matrices * density * outputs * region.features_per_core(inputs)
    busiest_each = busiest(region.features_per_core(inputs), density, region.columns)
    busiest_weights, wavelets = matrices * outputs * busiest_each, _wavelets_per_value(region)
    partial_sums, link = outputs * tokens * wavelets, region.link_wavelets_per_cycle()
    longer = max(0.0, region.fed_axpy_cycles(tokens / matrices * wavelets) - axpy.cycles)
    return Cost(
        overlapped={
            "fmac": busiest_weights * axpy.cycles + matrices * outputs * min(FED, busiest_each) * longer,
            "reduction": partial_sums / link,
            "arrival": busiest_weights / link,
            "injection": matrices * density * inputs * outputs / region.edge_wavelets_per_cycle(),
        },
        serial={"fill": region.chain_fill_cycles(region.columns)},
        fabric_bytes=(weights_per_core + partial_sums) * region.wavelet_bytes * region.cores,
        sram_bytes=weights_per_core * axpy.sram_bytes * region.cores,
        events=all_of(axpy.events, weights_per_core * region.cores),
    )


def inputs_pass(region: Region, *, inputs: int, outputs: int) -> bool:
    """Whether inputs pass along the row in place of sums: fewer than columns, and than outputs.

    So never slower, but for a cycle that rounding may add.
    """
    return inputs < min(outputs, region.columns)


def _narrow(region: Region, inputs: int, outputs: int, *, positions: float, density: float, matrices: int) -> Cost:
    """Return the cost of y = x @ W whose inputs pass along the row; each column gets the weights of its own outputs."""
    tokens, own = region.tokens_per_core * positions, region.features_per_core(outputs)
    core, link = region.cluster.wafer.core, region.link_wavelets_per_cycle()
    weights, most_weights = matrices * density * inputs * own, matrices * inputs * busiest(own, density, region.columns)
    products = weights * tokens / matrices * region.cores
    stream = inputs * max(1.0, own) * tokens * _wavelets_per_value(region)
    each = tokens / matrices / core.fmac_per_cycle(region.precision) + region.software.weight_launch_cycles
    read, written = MIXED_TRAFFIC_BYTES[region.precision]  # sums stay in a register, as those of a weight gradient
    return Cost(
        overlapped={
            "fmac": most_weights * each,
            "broadcast": stream / link,
            "arrival": most_weights / link,
            "injection": matrices * density * inputs * outputs / region.edge_wavelets_per_cycle(),
        },
        serial={"fill": region.chain_fill_cycles(region.columns)},
        fabric_bytes=(weights + stream) * region.wavelet_bytes * region.cores,
        sram_bytes=products * (read - written),
        events=mac_events(core, region.precision, products, kept=False),
    )


def grad_input(
    region: Region, *, inputs: int, outputs: int, positions: float = 1.0, density: float = 1.0, matrices: int = 1
) -> Cost:
    """Return the cost of dx = dy @ W^T."""
    return forward(
        region, inputs=outputs, outputs=inputs, positions=positions, density=density, matrices=matrices
    )  # fmt: skip


def grad_weight(
    region: Region, *, inputs: int, outputs: int, positions: float = 1.0, density: float = 1.0, matrices: int = 1
) -> Cost:
    """Return the cost of dW = x^T @ dy, summed over all tokens and sent to the edge."""
    tokens = region.tokens_per_core * positions
    narrow, wide = sorted((inputs, outputs))
    sums_per_core = matrices * density * narrow * region.features_per_core(wide)
    busiest_sums = matrices * narrow * busiest(region.features_per_core(wide), density, region.columns)
    each, link = _wavelets_per_value(region), region.link_wavelets_per_cycle()
    products, busiest_products = (sums * tokens / matrices for sums in (sums_per_core, busiest_sums))
    activations = max(narrow * tokens, products) * each
    read, written = MIXED_TRAFFIC_BYTES[region.precision]  # the sum of a product stays in a register
    core, start = region.cluster.wafer.core, region.software.weight_launch_cycles
    return Cost(
        overlapped={
            "fmac": busiest_products / core.fmac_per_cycle(region.precision) + busiest_sums * start,
            "broadcast": max(narrow * tokens, busiest_products) * each / link,
            "reduction": busiest_sums * each / link,
            "injection": matrices * density * inputs * outputs * each / region.edge_wavelets_per_cycle(),
        },
        serial={"fill": region.chain_fill_cycles(region.rows)},
        fabric_bytes=(activations + sums_per_core * each) * region.wavelet_bytes * region.cores,
        sram_bytes=products * (read - written) * region.cores,
        events=mac_events(core, region.precision, products * region.cores, kept=False),
    )


def _wavelets_per_value(region: Region) -> float:
    """Wavelets a partial sum or an activation takes on its way: less than one if several fit."""
    value_bytes = 4 if region.precision == "fp32" else region.software.partial_sum_bytes
    return value_bytes / region.wavelet_bytes
