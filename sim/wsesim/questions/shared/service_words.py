"""What is said of how requests were served: in a sentence, of what figures are, what was left out or turned away."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from wsesim.mapping.resident import ResidentPlan
from wsesim.questions.shared.choosing import by_hand_words, unused_words
from wsesim.questions.shared.power import Power
from wsesim.questions.shared.request_figures import FULL_REQUEST
from wsesim.questions.shared.service import Service, open_service
from wsesim.questions.shared.service_choice import Judged, holds_as_much
from wsesim.questions.shared.service_rate import limits_words
from wsesim.questions.shared.service_readers import apart_notes, full_s, in_use_words
from wsesim.system import LargestRate, Requests, Served, ServiceTimes
from wsesim.units import plural, show_seconds, show_share

DRAWN_OFF = 0.01
"""Share by which the rate of the requests drawn may differ from the one asked for without a word."""


def verdict(service: Service, requests: Requests, figures: Mapping[str, Any]) -> str:
    """Say whether what is asked holds, and how far it is from the most that does."""
    largest, offered, met = (figures[name] for name in ("largest_rate_per_s", "offered_per_s", "met_share"))
    if not figures["served"]:
        return "No request was served: all are longer than is held."
    good, asked = f"{show_share(met)} of requests are good enough", show_share(service.objective.share)
    if largest == 0:
        return f"No rate holds the objective: even one by one, too few have their {limits_words(service.objective)}."
    if largest is None or offered is None:
        held = "as" if met >= service.objective.share else "where"
        return f"{good}, {held} {asked} are asked for."
    if offered > largest:
        return (
            f"Too much is asked: {offered:.4g} requests a second arrive, and {largest:.4g} are held within the limits."
        )
    if met < service.objective.share:
        return f"It does not hold: {good}, and {asked} are asked for."
    part = f"{show_share(offered / largest)} of the largest rate within the limits"
    return f"It holds: {offered:.4g} requests a second arrive, {part}."


def closed_verdict(service: Service, largest: float | None, requests: Requests) -> str:
    """Say the same of a rate by formula, where queues are left out."""
    offered = requests.rate_per_s if len(requests) > 1 else math.inf
    if largest is None or not math.isfinite(offered):
        return ""
    if not largest:
        return f"No rate holds the objective: not even one alone has its {limits_words(service.objective)}."
    part = f"{show_share(offered / largest)} of what a full pipeline lets through"
    held = "Too much is asked" if offered > largest else "It holds but for queues"
    return f"{held}: {offered:.4g} requests a second are {part}."


def headline(service: Service, plan: ResidentPlan, figures: Mapping[str, Any], power: Power) -> dict[str, str]:
    """Return the figures that are read first, each with what it is of."""
    goal, limits = service.objective, limits_words(service.objective)
    arrive = "; one request" if figures["requests"] == 1 else "; all arrive together"
    if figures["offered_per_s"]:
        arrive = f"; {figures['offered_per_s']:.4g} arrive a second"
    room = f"at most {figures['slots']:,} at once, in {figures['capacity_tokens']:,} positions"
    waits = {
        f"{name}_p99_s": f"half of them within {show_seconds(figures[f'{name}_p50_s'])}"
        for name in ("ttft", "tpot") if figures[f"{name}_p99_s"] is not None
    }  # fmt: skip
    words = {
        "goodput_per_s": f"of {figures['served_per_s']:.4g} answered in the same time{arrive}",
        "met_share": limits, **waits,
        "tokens_per_s": "written, all users",
        "utilization": f"of the time tokens enter the pipeline, {in_use_words(service, plan)}",
        "served": f"of {figures['requests']:,}; {room}",
        **({} if figures["energy_per_token_j"] is None else {"energy_per_token_j": power.words("read or written")}),
    }  # fmt: skip
    if figures["largest_rate_per_s"] is None:
        return words
    return {"largest_rate_per_s": f"at which {show_share(goal.share)} of requests have their {limits}", **words}


def overload_words(
    service: Service, plan: ResidentPlan, requests: Requests, rate: LargestRate | None
) -> Iterator[str]:  # fmt: skip
    """Say it where more requests arrive than can leave."""
    arrive = requests.rate_per_s * (1 - float(requests.refused.mean()))
    full, about = (rate.full_per_s, "") if rate and rate.full_per_s else (1 / full_s(service, plan), "about ")
    if full < arrive < math.inf:
        yield (
            f"Overload: {arrive:.4g} requests arrive a second, and {about}{full:.4g} can leave. The queue grows for as "
            "long as they come, and waits tell how long that was rather than what the service is."
        )


def read_words(service: Service, requests: Requests) -> Iterator[str]:
    """Say what was read, and how many lengths that were drawn were cut."""
    yield from requests.notes
    yield from _drawn_words(service, requests)
    if requests.cut:
        yield (
            f"{requests.cut:,} of {len(requests):,} requests were drawn longer than serving.longest = "
            f"{service.longest:,} tokens and cut to it."
        )


def _drawn_words(service: Service, requests: Requests) -> Iterator[str]:
    """Say it where gaps that were drawn come to another rate than the one asked for: few of them may be far off."""
    asked, arrive = service.arrivals.rate_per_s, requests.rate_per_s
    if service.arrivals.trace is None and asked and abs(arrive / asked - 1) > DRAWN_OFF and math.isfinite(arrive):
        yield (
            f"{asked:.4g} requests a second are asked for, where pictures over the rate have their mark; the gaps "
            f"between the {len(requests):,} that were drawn come to {arrive:.4g} a second, which is what arrives here. "
            "More of them, serving.requests, come nearer."
        )


def notes(
    service: Service, requests: Requests, searched: Requests | None, served: Served, times: ServiceTimes,
    judged: Judged,
) -> tuple[str, ...]:  # fmt: skip
    """Return what was assumed, left out, turned away or chosen."""
    plan = judged.plan
    by_hand = by_hand_words(FULL_REQUEST.label, plan, opened := open_service(service), service.goal)
    if by_hand and isinstance(opened, ResidentPlan) and not holds_as_much(service, requests, searched, judged, opened):
        by_hand = ()
    found = [
        *overload_words(service, plan, requests, judged.rate),
        *unused_words(plan),
        *read_words(service, requests),
        *by_hand,
        *_no_rate_words(service, requests, searched),
        *_one_class_words(service, requests),
        *apart_notes(service),
    ]
    if service.warmup:
        left = plural(len(requests) - service.warmup, "request")
        found.append(
            f"The first {service.warmup:,} requests are served and count in no share and no percentile: those are of "
            f"{left}."
        )
    over = int((~served.held & ~requests.refused).sum())
    if over:
        found.append(f"{over:,} requests are longer than the {times.capacity_tokens:,} positions of a copy.")
    return tuple(found)


def _no_rate_words(service: Service, requests: Requests, searched: Requests | None) -> Iterator[str]:
    """Say why no largest rate was looked for, though it was asked for."""
    left = int(np.count_nonzero(~requests.refused))
    if service.search and searched is None and left:
        what = "one request has" if left == 1 else "requests that all arrive together have"
        yield f"No largest rate is looked for: {what} no rate that could be made another."


def _one_class_words(service: Service, requests: Requests) -> Iterator[str]:
    """Say that a priority is stated and nobody has another."""
    if requests.priority is None or len(np.unique(requests.priority)) > 1:
        return
    if service.arrivals.trace is None:
        given = f"serving.urgent = {service.arrivals.urgent:g} made all requests that were drawn alike"
    else:
        given = f"All requests have priority {requests.priority[0]}"
    yield f"{given}: none goes before another."
