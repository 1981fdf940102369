"""Linear layers by weight streaming: forward, gradient of the input, gradient of the weight.

    weights enter at the edge, one value and its index a wavelet, and are broadcast down their column
              | w   | w   | w
              v     v     v
           +-----+-----+-----+
    token  | y+= | y+= | y+= |  each weight triggers an AXPY over the core's tokens: y[:] += w * x[:, feature]
    rows   | w*x | w*x | w*x |
           +-----+-----+-----+
              ------------->     partial sums of one output feature run along the row while the next is computed

The gradient of the input is the same with rows and columns of the weight exchanged. For the gradient of the weight
the narrower of x and dy is broadcast along the row, each core multiplies it with the other over its tokens, and the
sums run down the column and out at the edge.
"""

from __future__ import annotations

from wsesim.kernels.base import MIXED_TRAFFIC_BYTES, Cost, Region


def forward(region: Region, *, inputs: int, outputs: int, positions: float = 1.0) -> Cost:
    """Return the cost of y = x @ W with *inputs* features in and *outputs* out.

    `positions` is the share of the region's tokens that take part (a head that looks at masked positions only).
    """
    tokens = region.tokens_per_core * positions
    weights_per_core = outputs * region.features_per_core(inputs)
    overlapped = _datapath(region, weights_per_core, tokens)
    overlapped["reduction"] = outputs * _partial_sum_cycles(region, tokens)
    overlapped["arrival"] = weights_per_core / region.cluster.wafer.fabric.link_wavelets_per_cycle
    overlapped["injection"] = inputs * outputs / region.edge_wavelets_per_cycle()
    wavelets = weights_per_core + overlapped["reduction"]
    return Cost(
        overlapped=overlapped,
        serial={"fill": region.chain_fill_cycles(region.columns)},
        fabric_bytes=_on_all_cores(region, wavelets * region.wavelet_bytes),
        sram_bytes=_sram_bytes(region, weights_per_core * tokens),
    )


def grad_input(region: Region, *, inputs: int, outputs: int, positions: float = 1.0) -> Cost:
    """Return the cost of dx = dy @ W^T."""
    return forward(region, inputs=outputs, outputs=inputs, positions=positions)


def grad_weight(region: Region, *, inputs: int, outputs: int, positions: float = 1.0) -> Cost:
    """Return the cost of dW = x^T @ dy, summed over all tokens and sent to the edge."""
    tokens = region.tokens_per_core * positions
    sums_per_core = outputs * region.features_per_core(inputs)
    overlapped = _datapath(region, sums_per_core, tokens)
    overlapped["broadcast"] = min(inputs, outputs) * _partial_sum_cycles(region, tokens)
    overlapped["reduction"] = sums_per_core * _value_cycles(region)
    overlapped["injection"] = inputs * outputs * _value_cycles(region) / region.edge_wavelets_per_cycle()
    wavelets = overlapped["broadcast"] + overlapped["reduction"]
    return Cost(
        overlapped=overlapped,
        serial={"fill": region.chain_fill_cycles(region.rows)},
        fabric_bytes=_on_all_cores(region, wavelets * region.wavelet_bytes),
        sram_bytes=_sram_bytes(region, sums_per_core * tokens),
    )


def _datapath(region: Region, axpys: float, tokens: float) -> dict[str, float]:
    rate = region.fmac_per_cycle(region.precision)
    launch = region.cluster.runtime.weight_launch_cycles
    return {"fmac": axpys * (tokens / rate + launch)}


def _partial_sum_cycles(region: Region, tokens: float) -> float:
    """Cycles to pass one value per token through a core, several to a wavelet if they fit."""
    return tokens * _value_cycles(region)


def _value_cycles(region: Region) -> float:
    runtime, fabric = region.cluster.runtime, region.cluster.wafer.fabric
    value_bytes = 4 if region.precision == "fp32" else runtime.partial_sum_bytes
    return value_bytes / fabric.wavelet_bytes / fabric.link_wavelets_per_cycle


def _on_all_cores(region: Region, per_core: float) -> float:
    return per_core * region.columns * region.rows


def _sram_bytes(region: Region, macs_per_core: float) -> float:
    return _on_all_cores(region, macs_per_core * sum(MIXED_TRAFFIC_BYTES[region.precision]))
