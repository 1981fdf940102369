"""Prompts read by some wafers and answers written by others: disaggregated prefill and decode (Splitwise, DistServe).

    arrive --> queue --> read --> first token --> cache to a writer --> queue --> write --> done
               \\________ readers _________/      over wafers' I/O      \\______ writers ______/

Readers serve prompts as requests of one token; writers what they hand over, as requests whose prompt takes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from wsesim.system.abilities import ServiceTimes
from wsesim.system.requests import Requests
from wsesim.system.served import Served


def serve_apart(
    requests: Requests, times: ServiceTimes, serve: Callable[[Requests, ServiceTimes], Served]
) -> Served:  # fmt: skip
    """Play prompts on the readers of *times*, then their answers on its writers; *serve* plays each of the two."""
    assert times.readers is not None, "there are readers"
    too_long = requests.refused | (requests.prompt + requests.output > times.capacity_tokens)
    asked = replace(requests, output=np.ones_like(requests.output), turned_away=too_long)
    read = serve(asked, times.readers)
    moved_s = read.end_s + times.move_latency_s + times.move_token_s * requests.prompt
    more = np.flatnonzero(read.held & (requests.output > 1))
    order, end_s, copies = more[np.argsort(moved_s[more], kind="stable")], read.end_s.copy(), read.copies or (read,)
    rounds = read.rounds
    if len(order):
        handed = replace(requests.chosen(order), arrival_s=moved_s[order], turned_away=None, blocks=())
        written = serve(handed, replace(times, readers=None))
        end_s[order], rounds = written.end_s, rounds + written.rounds
        writers, first_s = written.copies or (written,), read.first_s[order]  # which readers wrote, not these
        copies += tuple(replace(each, first_s=first_s[turn :: len(writers)]) for turn, each in enumerate(writers))
    return Served(
        arrival_s=requests.arrival_s, ready_s=read.ready_s, begun_s=read.begun_s, first_s=read.first_s, end_s=end_s,
        output=requests.output, busy=(), rounds=rounds, reused=read.reused, joined=read.joined, copies=copies,
    )  # fmt: skip
