"""Time of collectives among GPUs: rings over the links of a domain, and over the network between domains.

Of n GPUs, g in each domain, an all-gather (or reduce-scatter) that leaves S bytes with each moves (n - 1)/n S over the
links, and S over the network of the g GPUs of a domain together, each with a port of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2

from wsesim.gpus.load import Gpu


@dataclass(frozen=True, slots=True)
class Group:
    """GPUs that speak to each other: *size* of them, *inside* in each domain of links."""

    size: int
    inside: int

    @classmethod
    def of(cls, size: int, stride: int, domain: int) -> Group:
        """Return a group of every *stride*-th GPU."""
        return cls(size, max(1, min(size, domain // stride if stride <= domain else 1)))

    @property
    def domains(self) -> int:
        """Domains that it reaches over."""
        return ceil(self.size / self.inside)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Collectives among a GPU's neighbours."""

    gpu: Gpu

    def gather_s(self, group: Group, size_bytes: float) -> float:
        """Return the seconds of an all-gather or a reduce-scatter of *size_bytes* in all."""
        if group.size <= 1:
            return 0.0
        chip, practice = self.gpu.chip, self.gpu.practice
        found = practice.link_latency_s
        if group.inside > 1:
            found += size_bytes * (group.size - 1) / group.size / (chip.link_bytes_per_s * practice.link_share)
        if group.domains > 1:
            share = (group.domains - 1) / group.domains / group.inside
            between_s = size_bytes * share / (chip.network_bytes_per_s * practice.link_share)
            found = max(found, between_s) + practice.network_latency_s * log2(group.domains)
        return found

    def reduce_s(self, group: Group, size_bytes: float) -> float:
        """Return the seconds of an all-reduce: a reduce-scatter and an all-gather."""
        if group.size <= 1:
            return 0.0
        return 2 * self.gather_s(group, size_bytes) - self.gpu.practice.link_latency_s

    def exchange_s(self, group: Group, size_bytes: float, copies: float) -> float:
        """Return the seconds of an all-to-all in which each GPU sends *size_bytes*, each of them to *copies* others.

        To a domain it goes once, and there to those who want it (as DeepEP does).
        """
        if group.size <= 1:
            return 0.0
        chip, practice, domains = self.gpu.chip, self.gpu.practice, group.domains
        inside = size_bytes * copies * (group.inside - 1) / group.inside
        reached = (domains - 1) * (1 - float((1 - 1 / domains) ** copies))
        outside = size_bytes * reached
        inside_s = inside / (chip.link_bytes_per_s * practice.link_share)
        outside_s = outside / (chip.network_bytes_per_s * practice.link_share)
        return practice.link_latency_s + max(inside_s, outside_s)

    def send_s(self, size_bytes: float, *, stride: int) -> float:
        """Return the seconds of a message to the GPU *stride* further on."""
        chip, practice = self.gpu.chip, self.gpu.practice
        if stride < chip.link_domain:
            return practice.link_latency_s + size_bytes / (chip.link_bytes_per_s * practice.link_share)
        return practice.network_latency_s + size_bytes / (chip.network_bytes_per_s * practice.link_share)
