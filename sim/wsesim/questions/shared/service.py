"""Many requests on resident weights: what is asked, where the model lies for it, and what that can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from math import inf

from wsesim.answer import DoesNotFit
from wsesim.mapping.resident import PlanGoal, ResidentPlan, ResidentRequest, plan_service
from wsesim.piped import named_file
from wsesim.questions.base import Asked
from wsesim.questions.shared.choosing import left_open
from wsesim.questions.shared.placing import placed, placing_of
from wsesim.questions.shared.request import Guesses, software_of_request
from wsesim.system import Arrivals, GrowingTime, Objective, Requests, ServiceTimes
from wsesim.units import Dimension, parse

LEAST_CHUNK = 64
"""Tokens of a prompt that enter between two tokens of the others, at least, where that is chosen: at so few the tokens
of the others are already most of what they wait for."""
OF_PROMPTS = ("prefill_grid", "chunk")
"""What is asked of a placement for prompts alone."""
READ_POINTS = 24
"""Lengths of prompts at which reading is timed, evenly spaced; more below the first, each twice as long as the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What is asked of a service."""

    asked: Asked
    arrivals: Arrivals
    objective: Objective
    search: bool
    batch: int | None
    """Sequences of full length held at once; None: as many as fit."""
    guesses: Guesses
    warmup: int = 0
    """First requests that do not count."""
    readers: int = 0
    """Systems that only read prompts; the others only write then."""

    @property
    def goal(self) -> PlanGoal:
        """What those that write are placed for; where others read, prompts are there but for a token."""
        return replace(self.both, reused=self.both.prompt - 1) if self.readers else self.both

    @property
    def both(self) -> PlanGoal:
        """What a placement is chosen for: requests of the mean length, always more of them."""
        prompt, written = self.arrivals.usual
        return PlanGoal(
            prompt=prompt, position=prompt + written // 2, passes=written / self.guesses.tokens_per_pass,
            guesses=self.guesses.tokens, guess_cost=self.guesses.cost, streams=True,
        )  # fmt: skip

    @property
    def longest(self) -> int:
        """Tokens of the longest request, prompt and answer together."""
        return self.arrivals.longest


def service_of(asked: Asked) -> Service:
    """Return the service that a checked file asks for."""
    section, held = dict(asked.resolved["serving"]), asked.resolved["inference"]
    ttft_s, tpot_s = (float(parse(section.pop(key), Dimension.SECONDS)) for key in ("slo_ttft", "slo_tpot"))
    objective = Objective(ttft_s=ttft_s, tpot_s=tpot_s, share=section.pop("slo_share"))
    trace, rate, search = section.pop("trace"), section.pop("rate"), section.pop("search")
    skip, span, warmup = section.pop("skip"), section.pop("span"), section.pop("warmup")
    arrivals = Arrivals(
        **section, rate_per_s=rate, trace=None if trace is None else named_file(asked.folder, trace),
        skip_s=0.0 if skip is None else float(parse(skip, Dimension.SECONDS)),
        span_s=inf if span is None else float(parse(span, Dimension.SECONDS)),
    )  # fmt: skip
    batch = held["batch"] if isinstance(held["batch"], int) else None
    return Service(
        asked=asked, arrivals=arrivals, objective=objective, search=search, batch=batch, guesses=Guesses.of(held),
        warmup=warmup, readers=held["readers"],
    )  # fmt: skip


def of_trace(service: Service, requests: Requests) -> Service:
    """Return a service that is laid out for the *requests* of its trace: for their mean lengths, as for drawn ones."""
    if service.arrivals.trace is None or requests.refused.all():
        return service
    lengths = (each[~requests.refused] for each in (requests.prompt, requests.output))
    prompt, output = (max(1, round(float(each.mean()))) for each in lengths)
    return replace(service, arrivals=replace(service.arrivals, prompt=prompt, output=output, requests=len(requests)))


def tokens_in(text: str) -> int:
    """Count the tokens of a text, GPT-2's; halves of surrogate pairs are one sign each."""
    from wsesim.numerics import Tokenizer

    return sum(1 for _ in Tokenizer.gpt2().iter_encode(text.encode("utf-8", "replace").decode()))


def placed_service(service: Service, goal: PlanGoal | None = None) -> ResidentPlan | DoesNotFit:
    """Return where the model lies for a *goal*, or the service's own.

    With as many sequences as fit, unless the file says how many.
    """
    placing, wanted = service_placing(service), goal or service.goal
    return placed(placing, wanted) if service.batch is not None else planned(placing, wanted)


@cache
def planned(placing: ResidentRequest, goal: PlanGoal) -> ResidentPlan | DoesNotFit:
    """Return where a service lies; the same for all that ask for the same."""
    return plan_service(placing, goal)


def drained_placement(service: Service) -> ResidentPlan | DoesNotFit:
    """Return where the model lies if tokens wait until a prompt has passed all stages.

    How much they wait depends on what else enters meanwhile; between this and not at all lies what happens.
    """
    return placed_service(service, replace(service.goal, drains=True))


def quick_placements(service: Service) -> Iterator[ResidentPlan]:
    """Yield where the model lies for one request alone, then for a token alone, in as many copies as there is room for.

    They keep limits that a placement chosen for a full pipeline may miss, as that has more stages to pass.
    """
    alone = replace(service.goal, streams=False)
    for goal in (alone, replace(alone, prompt=0, reused=0)):
        plan = placed_service(service, goal)
        if isinstance(plan, ResidentPlan):
            copies = plan.request.replicas or max(1, plan.request.cluster.systems // plan.wafers)
            yield replace(plan, replicas=copies)


def open_service(service: Service) -> ResidentPlan | DoesNotFit | None:
    """Return where the model would lie were nothing chosen by hand; None if nothing is."""
    placing = service_placing(service)
    opened = replace(left_open(placing), batch=1)
    return None if opened == placing and service.batch is None else planned(opened, service.goal)


def service_placing(service: Service) -> ResidentRequest:
    """Return what is asked of the placement of those that write: where others read, nothing that is for prompts."""
    found = asked_placing(service)
    return replace(found, prefill_grid=None, chunk=None) if service.readers else found


def asked_placing(service: Service) -> ResidentRequest:
    """Return all that is asked of a placement, on the systems of those that write."""
    asked = service.asked
    cluster = replace(asked.hardware.cluster, systems=asked.hardware.cluster.systems - service.readers)
    return placing_of(
        asked.resolved["inference"], asked.merged, cluster, software_of_request(asked),
        positions=service.longest, batch=service.batch or 1, precision=asked.resolved["precision"],
    )  # fmt: skip


def service_times(service: Service, plan: ResidentPlan) -> ServiceTimes:
    """Return what *plan* can do, as a server sees it."""
    longest, batch, guesses = plan.request.positions, plan.request.batch, service.guesses
    host, goal = plan.request.cluster.host, PlanGoal(prompt=service.arrivals.prompt, passes=service.arrivals.output)
    step = max(1, longest // READ_POINTS)
    lengths = sorted({2**power for power in range(step.bit_length())} | {*range(step, longest, step), longest})
    each, reads = (1 + guesses.tokens) / guesses.tokens_per_pass, [plan.prefill(length) for length in lengths]

    def latency_s(position: int) -> float:
        token = plan.decode(position)
        return (token.seconds + guesses.cycles(token) / plan.clock_hz) / guesses.tokens_per_pass

    def interval_s(position: int) -> float:
        return each * plan.interval_s(position)

    return ServiceTimes(
        prefill_tokens=(0, *lengths), prefill_s=(0.0, *(read.seconds for read in reads)),
        entering_s=(0.0, *(read.interval_cycles / plan.clock_hz for read in reads)),
        latency=_growing(latency_s, longest), interval=_growing(interval_s, longest), chunk=plan.chunk,
        slots=goal.slots(plan.request), copies=plan.replicas, capacity_tokens=batch * longest,
        input_latency_s=host.latency_s, input_token_s=plan.request.software.token_bytes / host.input_bytes_per_s,
    )  # fmt: skip


def open_chunks(service: Service, plan: ResidentPlan) -> tuple[int, ...]:
    """Return chunks that are open beside the plan's: where weights stay, they are no part of the placement."""
    if service.asked.resolved["inference"]["chunk"] != "auto" or plan.together is None or service.readers:
        return ()
    least = -(-LEAST_CHUNK // plan.together) * plan.together
    return (least,) if least < plan.chunk else ()


def _growing(seconds: Callable[[int], float], longest: int) -> GrowingTime:
    """Return a line through the time at the first and at the last position."""
    first, last = seconds(1), seconds(longest)
    slope = (last - first) / (longest - 1) if longest > 1 else 0.0
    return GrowingTime(first - slope, slope)
