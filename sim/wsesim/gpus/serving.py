"""Time of requests on GPUs: a prompt read, tokens written one after the other, and as many requests as memory holds.

token = layers x (products that read all weights once + caches read + sums over tensor-parallel GPUs) + head
queue that is never empty:   tokens/s = batch x output / (output x token + batch x prompt)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from wsesim.gpus.kernels import Kernels, Load
from wsesim.gpus.layers import LayerCost, Shapes
from wsesim.gpus.layout import NOW, GpuProgram, Parallel
from wsesim.gpus.load import Fleet
from wsesim.gpus.power import board_w, clock_share
from wsesim.gpus.room import USABLE
from wsesim.gpus.specs import BITS, stored_bytes
from wsesim.gpus.traffic import Group, Traffic
from wsesim.model import ModelSpec, parameters

MOST_HELD = 2048
"""Requests that a server takes in at once. Source: default of TensorRT-LLM 1.0."""

FEWER = 0.9
"""Share of the requests held that is tried next where tokens come too slowly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTask:
    """Requests of one length that start together, or queue without end where *batch* is None."""

    model: ModelSpec
    prompt: int
    generate: int
    reads: bool = True
    """Whether the prompt is read; else it lies in the cache."""
    batch: int | None = 1
    waiting: int | None = None
    """Requests in all, of a queue; None: without end."""
    slowest_token_s: float | None = None
    """Mean time of a token that is good enough, of a queue: no more requests are held at once than keep it."""
    program: GpuProgram = NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEstimate:
    """What requests take."""

    prompt_s: float
    """The whole batch's prompts; 0 where none is read."""
    token_s: float
    """From a token to the next, in the middle of the answer."""
    total_s: float
    tokens_per_s: float
    """Written, all GPUs."""
    batch: int
    """Held at once by a copy of the model."""
    copies: int
    by_cause: Mapping[str, float]
    """Seconds of the whole request; they sum to the total."""
    layout: Parallel
    board_w: float
    fits: bool

    @property
    def limit(self) -> str:
        """The cause that takes most."""
        return max(self.by_cause, key=lambda cause: self.by_cause[cause])


@dataclass(frozen=True, slots=True)
class GpuRequest:
    """A request in a layout, term by term."""

    task: RequestTask
    fleet: Fleet
    layout: Parallel

    @property
    def cost(self) -> LayerCost:
        """Of a layer."""
        shapes = Shapes(self.task.model, self.layout)
        bits = BITS[self.fleet.precision]
        return LayerCost(shapes, Kernels(self.fleet.gpu), self.task.program, bits, trains_weights=False, serves=True)

    @property
    def cache_bytes_per_token(self) -> float:
        """Of a layer on one GPU: a byte a value where products are of 8 bits or less."""
        model = self.task.model
        heads = max(1.0, model.kv_heads / self.layout.tensor)
        return 2 * heads * model.head_width * (2 if BITS[self.fleet.precision] >= 16 else 1)

    def weight_bytes(self) -> float:
        """Return bytes of weights on the fullest GPU; tables in 16 bits."""
        model = self.task.model
        tables = (1 if model.tied else 2) * model.vocab * model.width
        inner = (parameters(model) - tables) * stored_bytes(BITS[self.fleet.precision])
        return (inner / self.layout.pipeline + 2 * tables) / self.layout.tensor

    def most_held(self) -> int:
        """Return the requests of full length that the memory holds beside weights; 0: not even these."""
        task, layers = self.task, self.task.model.layers / self.layout.pipeline
        free = USABLE * self.fleet.gpu.chip.memory_bytes - self.weight_bytes()
        length = task.prompt + task.generate
        kept = self.cost.shapes.over_layers(length, min(length, task.model.window))
        each = layers * self.cache_bytes_per_token * kept
        return max(0, int(free / each))

    def sums_s(self, tokens: float) -> float:
        """Return the seconds of a layer's two sums over tensor-parallel GPUs, and of sends between stages."""
        size = tokens * self.task.model.width * 2
        traffic, domain = Traffic(self.fleet.gpu), self.fleet.gpu.chip.link_domain
        found = 2 * traffic.reduce_s(Group.of(self.layout.tensor, 1, domain), size)
        if self.layout.pipeline > 1:
            sent_s = traffic.send_s(size / self.layout.tensor, stride=self.layout.tensor)
            found += sent_s * (self.layout.pipeline - 1) / self.task.model.layers
        return found

    def prompt(self, batch: float) -> tuple[Load, float]:
        """Return a layer's work and its traffic as prompts are read."""
        return self.cost.forward(batch, self.task.prompt), self.sums_s(batch * self.task.prompt)

    def token(self, batch: float, context: float) -> tuple[Load, float]:
        """Return a layer's work and its traffic as each request writes a token after *context* others."""
        cost, found = self.cost, Load()
        for matrix in cost.shapes.matrices():
            rows = max(1.0, cost.shapes.rows(matrix, batch))
            count = min(matrix.count, batch * self.task.model.experts_per_token) if matrix.of_experts else 1.0
            found.add(cost.kernels.product(rows, matrix.n, matrix.k, bits=cost.bits, count=count))
        seen = cost.shapes.over_layers(context, min(context, self.task.model.window))
        size = batch * seen * self.cache_bytes_per_token
        gap_s = self.fleet.gpu.practice.kernel_gap_s
        read_s = cost.kernels.stream_s(size)
        found.add(Load(attention_s=read_s, launch_s=(1 + cost.kernels_between) * gap_s, memory_bytes=size))
        return found, self.sums_s(batch)

    def head(self, batch: float) -> Load:
        """Return the logits of one token of each request."""
        model = self.task.model
        return self.cost.kernels.product(batch, model.vocab / self.layout.tensor, model.width, bits=16)


def estimate_request(task: RequestTask, fleet: Fleet, layout: Parallel) -> RequestEstimate:
    """Return what requests take in a layout, of which there are as many copies as the GPUs hold."""
    request = GpuRequest(task, fleet, layout)
    copies = max(1, fleet.count // (layout.tensor * layout.pipeline))
    held = request.most_held()
    if task.batch is not None:
        batch = max(1, -(-task.batch // copies))
        return _held(request, batch, copies, fits=held >= batch)
    each = None if task.waiting is None else -(-task.waiting // copies)
    batch = max(1, min(held, MOST_HELD, each or MOST_HELD))
    found = _held(request, batch, copies, fits=held >= 1)
    while task.slowest_token_s and batch > 1 and found.total_s / max(1, task.generate) > task.slowest_token_s:
        batch = max(1, min(batch - 1, int(batch * FEWER)))
        found = _held(request, batch, copies, fits=held >= 1)
    return found if each is None else _until_empty(request, found, each)


def _until_empty(request: GpuRequest, found: RequestEstimate, each: int) -> RequestEstimate:
    """Return a queue's estimate where every copy answers *each* requests in all, and the last of them by themselves."""
    turns, rest = divmod(each, found.batch)
    spent_s = turns * found.total_s
    if rest:
        spent_s += _held(request, rest, found.copies, fits=found.fits).total_s
    return replace(found, tokens_per_s=found.copies * each * request.task.generate / spent_s)


def _held(request: GpuRequest, batch: int, copies: int, *, fits: bool) -> RequestEstimate:
    """Return what *batch* requests of each copy take."""
    task, fleet, layout = request.task, request.fleet, request.layout
    layers, written = task.model.layers, task.generate
    read, read_sums_s = request.prompt(batch)
    token, token_sums_s = request.token(batch, task.prompt + written / 2)
    head = request.head(batch)
    reads = 1 if task.reads else 0
    prompt = Load().add(read, reads * layers).add(head, reads)
    one = Load().add(token, layers).add(head)
    steps = max(0, written - reads)
    work = Load().add(prompt).add(one, steps)
    sums_s = layers * (reads * read_sums_s + steps * token_sums_s)
    clock = clock_share(fleet.gpu, work, sums_s)
    by_cause = {
        "matrix products": work.products_s, "attention": work.attention_s, "passes through memory": work.elementwise_s,
        "launches": work.launch_s, "tensor-parallel traffic": sums_s, "power limit": work.core_s * (1 / clock - 1),
    }  # fmt: skip
    total_s = sum(by_cause.values())
    prompt_s = prompt.seconds + reads * layers * read_sums_s + prompt.core_s * (1 / clock - 1)
    token_s = one.seconds + layers * token_sums_s + one.core_s * (1 / clock - 1)
    return RequestEstimate(
        prompt_s=prompt_s, token_s=token_s, total_s=total_s, tokens_per_s=copies * batch * written / total_s,
        batch=batch, copies=copies, by_cause=by_cause, layout=layout, fits=fits,
        board_w=board_w(fleet.gpu, work, total_s, clock),
    )  # fmt: skip
