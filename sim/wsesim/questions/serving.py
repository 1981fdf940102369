"""Serving: many requests over time, with weights resident."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from wsesim.answer import FigureSpec, Level, Outcome
from wsesim.graph import Graph
from wsesim.piped import STDIN, named_file
from wsesim.questions.base import Asked, Draft, Reads, Say
from wsesim.questions.shared.capped import under_cap
from wsesim.questions.shared.kinds import ModelQuestion
from wsesim.questions.shared.numbers import files_of
from wsesim.questions.shared.price import POWER_FIGURES
from wsesim.questions.shared.reads import SERVING
from wsesim.questions.shared.request import (
    GuessSection,
    PlacedSection,
    ResidentFile,
    check_resident,
    forward_graph,
    verified_length,
)
from wsesim.questions.shared.request_figures import FULL_REQUEST
from wsesim.questions.shared.step import named
from wsesim.workload import Default, Derived, Section, check_tokens, file_problem
from wsesim.workload.fields import LARGEST, AutoOrSize, Count, Size, Text, Time

Spread = Annotated[float, Field(ge=0, le=10), Default("assumed: lengths differ by half")]

REQUESTS = 1000
"""Requests that are drawn unless told otherwise: enough for a 99th percentile."""
MOST_REQUESTS = 2_000_000
"""As many as of a trace are played, at most (`system.traces`): each takes about a kilobyte while it is."""
DRAWN = ("prompt", "prompt_spread", "output", "output_spread")
"""Keys of requests that are drawn."""
_SPAN = "the time from the first arrival to the last token, or to when one more would arrive where that is later"
"""Over which all that is served is counted a second."""
_MEANT = {
    "ttft": "TTFT, from arrival to the first token (Vidur: prefill_e2e_time)",
    "tpot": "TPOT, per token after the first (the mean ITL of a request; Vidur: "
    "decode_time_execution_plus_preemption_normalized)",
    "itl": "ITL, from one token of an answer to its next, over all tokens",
    "latency": "E2EL, end-to-end latency, from arrival to the last token (Vidur: request_e2e_time)",
    "waited": "from when the wafers have a prompt to when they begin to read it (Vidur: request_scheduling_delay)",
}
"""What waits are called by serving benchmarks and by Vidur."""
TRACED = ("speed", "skip", "span", "longer")
"""Keys of requests of a trace."""


class HeldSection(PlacedSection, GuessSection):
    """How weights lie on the wafers, and how many sequences are held."""

    batch: Annotated[AutoOrSize, Default("as many as fit")] = "auto"  # type: ignore[assignment]  # one more word
    """Sequences of full length held at once. Default: as many as fit, or fewer where that holds slo_tpot longer."""
    readers: Annotated[Count, Default("each copy reads and writes")] = 0
    """Systems that only read prompts, and hand their caches over to the others, which only write."""
    chunk: Annotated[AutoOrSize, Default("as the placement does")] = "auto"
    """Tokens of a prompt that pass at a time. Default: as the placement does, or fewer where that holds more."""
    prefill_grid: Annotated[AutoOrSize, Default("as chosen by the placement")] = "auto"
    """Side of the square of cores that reads prompts. Default: as chosen by the placement."""
    decode_grid: Annotated[AutoOrSize, Default("as chosen by the placement")] = "auto"
    """Side of the square of cores that writes tokens. Default: as chosen by the placement."""


class ServingSection(Section):
    """Requests over time: drawn at random from a seed, or read from a file."""

    rate: Annotated[Annotated[float, Field(ge=1e-6, le=1e9)] | None, Default("requests come from a trace")] = None
    """Requests a second; arrivals are independent (Poisson). With a trace that has times: what its rate is made."""
    requests: Annotated[int, Field(ge=1, le=MOST_REQUESTS)] | None = None
    """Requests to simulate, at most. Default: 1000, or all of a trace."""
    seed: Annotated[int, Field(ge=0, lt=2**63), Default("any will do; the same gives the same requests")] = 0
    """Of arrivals and lengths."""
    trace: Annotated[Text | None, Default("requests are drawn")] = None
    """File of requests, relative to this file: CSV, JSON Lines or a JSON list with arrival_s, prompt and output, or a
    public trace as it is (Azure, BurstGPT, Vidur, Splitwise, Mooncake, LLMServingSim, ShareGPT, OpenAI batches)."""
    speed: Annotated[float, Field(gt=0, le=1e9), Default("as in the trace")] = 1.0
    """How much closer together than in the trace requests come."""
    skip: Annotated[Time | None, Default("from the first request on")] = None
    """Of a trace, what is left out before, with its unit."""
    span: Annotated[Time | None, Default("to the last request")] = None
    """Of a trace, how much is played, with its unit."""
    longer: Annotated[Literal["refuse", "cut", "drop"], Default("as a server does")] = "refuse"
    """What becomes of requests of a trace over longest: they arrive and are turned away, their prompt is cut, or they
    are left out."""
    urgent: Annotated[float, Field(ge=0, le=1), Default("all are alike")] = 0.0
    """Share of requests, drawn at random, whose prompts enter before others'; not read where a trace has a column
    `priority`, of which the lower goes first."""
    warmup: Annotated[Annotated[int, Field(ge=0, le=MOST_REQUESTS)], Default("all count")] = 0
    """First requests that are served and count in no share and no percentile."""
    prompt: Annotated[Size, Default("assumed: a page of text")] = 1024
    """Mean tokens of a prompt."""
    prompt_spread: Spread = 0.5
    """Standard deviation over mean; lengths are log-normal."""
    output: Annotated[Size, Default("assumed: some sentences")] = 256
    """Mean tokens of an answer."""
    output_spread: Spread = 0.5
    """Standard deviation over mean; lengths are log-normal."""
    longest: Annotated[Annotated[int, Field(ge=2, le=LARGEST)] | None, Default("the model's max_length")] = None
    """Prompt and answer together are cut to this. Default: the model's max_length."""
    slo_ttft: Annotated[Time, Default("assumed: a reader waits that long")] = "1 s"
    """Time to the first token that is good enough."""
    slo_tpot: Annotated[Time, Default("assumed: faster than anybody reads")] = "20 ms"
    """Time per token after the first that is good enough."""
    slo_share: Annotated[float, Field(gt=0, le=1), Default("assumed: one in a hundred may be late")] = 0.99
    """Share of requests that have to be good enough."""
    search: Annotated[bool, Default("asked for unless told otherwise")] = True
    """Whether to find the largest rate that holds the objective, and choose what is left open by it."""


class ServingFile(ResidentFile):
    """A file that asks how many requests can be served."""

    phase: Literal["serving"]
    """What the machine does: answer many requests, with weights resident."""
    inference: HeldSection = HeldSection()
    """How weights lie on the wafers, and how many sequences are held."""
    serving: ServingSection
    """Which requests arrive, and what is good enough for them."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Serving(ModelQuestion):
    """How many requests can be served, and how long each waits."""

    kind: ClassVar[str] = "serving"
    file: ClassVar[type[Section]] = ServingFile
    figures: ClassVar[tuple[FigureSpec, ...]] = (
        FigureSpec(name="largest_rate_per_s", label="largest rate per second", meaning="at which the share that is "
                   "asked for is good enough; 0: none", better="more"),
        FigureSpec(name="goodput_per_s", label="good answers per second", meaning="requests within both limits, over "
                   f"{_SPAN} (request goodput)", better="more"),
        FigureSpec(name="met_share", label="good answers", meaning="share of requests within both limits",
                   better="more"),
        FigureSpec(name="tokens_per_s", label="tokens per second", meaning=f"written, all users, over {_SPAN}",
                   better="more"),
        FigureSpec(name="all_tokens_per_s", label="all tokens per second", meaning="read and written, all users, "
                   f"over {_SPAN}", better="more"),
        FigureSpec(name="reused_share", label="prompts reused", meaning="share of their tokens that was in the cache"),
        FigureSpec(name="utilization", label="utilization", meaning="share of the time in which tokens enter the "
                   "pipeline"),
        FigureSpec(name="served", label="requests served", meaning="the others are longer than the wafers hold"),
        *POWER_FIGURES,
        FigureSpec(name="offered_per_s", label="offered rate per second", meaning="requests that arrive a second, from "
                   "the first to the last"),
        FigureSpec(name="served_per_s", label="served per second", meaning=f"requests served, over {_SPAN}"),
        FigureSpec(name="duration_s", label="time simulated", meaning="from the first arrival to the last token"),
        FigureSpec(name="requests", label="requests", meaning="that arrived"),
        FULL_REQUEST,
        *(
            FigureSpec(name=f"{name}_{point}_s", label=f"{words}, {point.upper()}", meaning=f"{_MEANT[name]}; of "
                       f"requests served, {point}", better="less")
            for name, words in (("ttft", "time to first token"), ("tpot", "time per output token"),
                                ("itl", "time between tokens"), ("latency", "whole answer"),
                                ("waited", "wait in the queue"))
            for point in ("mean", "p50", "p90", "p95", "p99")
        ),
        FigureSpec(name="slots", label="slots", meaning="sequences let in at once"),
        FigureSpec(name="capacity_tokens", label="positions held", meaning="over all sequences"),
        FigureSpec(name="wafers", label="wafers", meaning="in use"),
        FigureSpec(name="replicas", label="replicas", meaning="copies of the model, each on wafers of its own"),
        FigureSpec(name="stages", label="stages", meaning="of the pipeline"),
        FigureSpec(name="chunk", label="chunk", meaning="tokens of a prompt that pass at a time"),
    )  # fmt: skip
    usual: ClassVar[tuple[str, ...]] = (
        "largest_rate_per_s",
        "goodput_per_s",
        "met_share",
        "tokens_per_s",
        "utilization",
        "wafers",
    )
    reads: ClassVar[Reads] = SERVING
    kin: ClassVar[tuple[str, ...]] = ("generate", "decode")
    supported: ClassVar[str] = (
        "No served rate was measured in the open: the system level rests on measured prompts and tokens, and its "
        "queues on nothing but arithmetic."
    )

    @property
    def title(self) -> str:
        """What is asked."""
        section = self.asked.resolved["serving"]
        rate, trace = section["rate"], "requests of a trace" if section["trace"] else ""
        come = f"{rate:g} request{'' if rate == 1 else 's'} a second" if rate else trace
        come += ", those of a trace" if rate and trace else ""
        return f"Serving {named(self.asked)}: {come}, {self.asked.resolved['precision']} precision."

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The trace, and files that verification reads."""
        trace = self.asked.resolved["serving"]["trace"]
        return (*files_of(self.asked), *([named_file(self.asked.folder, trace)] if trace else []))

    @classmethod
    def positions(cls, values: Mapping[str, Any]) -> int | None:
        """Return the longest request."""
        return values["serving"].longest if "serving" in values else 1

    @classmethod
    def check(cls, draft: Draft) -> Derived:
        """Check that requests come from one place, and that the model has positions for them."""
        section, model, problems = draft.values.get("serving"), draft.model, draft.problems
        longest = (section.longest or (model.max_length if model else None)) if section else None
        check_resident(draft, writes=True, positions=longest)
        held, hardware = draft.values.get("inference"), draft.hardware
        if held and hardware and held.readers and held.readers >= hardware.cluster.systems:
            message = f"= {held.readers} leaves none of {hardware.cluster.systems} systems to write"
            problems.add_field(("inference", "readers"), message)
        if section is None:
            return {}
        if section.trace is None and section.rate is None:
            message = "serving needs rate (requests a second) or trace (a file of requests)"
            problems.add(("serving",), message, at_key=True)
        if section.trace is not None and section.rate is not None and section.speed != 1:
            message = "and serving.rate cannot both be given: each says how close together the trace comes"
            problems.add_field(("serving", "speed"), message)
        count = section.requests or REQUESTS
        if section.trace is None and section.warmup >= count:
            message = f"= {section.warmup:,} leaves none of {count:,} requests to count"
            problems.add_field(("serving", "warmup"), message)
        if section.trace == STDIN == draft.file:
            problems.add_field(("serving", "trace"), "= '-' and the question cannot both be standard input")
        elif section.trace is not None and (problem := file_problem(named_file(draft.folder, section.trace))):
            problems.add_field(("serving", "trace"), f"= {section.trace!r} {problem}")
        if model is None:
            return {}
        if section.longest and model.position == "learned" and section.longest > model.max_length:
            message = f"= {section.longest} is over the {model.max_length} positions the model has"
            problems.add_field(("serving", "longest"), message)
        longest = section.longest or model.max_length
        check_tokens(longest, model, ("serving", "longest"), problems)
        problems.notes += _idle(section)
        usual = (REQUESTS, "assumed: enough for a 99th percentile")
        return {
            "serving.longest": (longest, "the model's max_length"), **verified_length(draft, longest),
            "serving.requests": usual if section.trace is None else (None, "all of the trace"),
        }  # fmt: skip

    @classmethod
    def of(cls, asked: Asked) -> Serving:
        """Return the question of a checked file."""
        return cls(asked=asked)

    def graph(self) -> Graph:
        """Return the graph of the sequences held."""
        return forward_graph(self.asked, sequences=1, length=self.asked.resolved["serving"]["longest"])

    def solve(self, level: Level, say: Say) -> Outcome:
        """Answer at a level."""
        from wsesim.questions.shared.service_answer import solve_service

        return under_cap(self, solve_service(self, level, say), level, lambda at: at.solve(level, say))


def _idle(section: ServingSection) -> Iterator[str]:
    """Yield what to say of keys that a trace has no use for, or nothing but a trace."""
    idle = (*DRAWN, *(["seed"] if section.rate is None else [])) if section.trace is not None else TRACED
    source = "requests come from serving.trace" if section.trace is not None else "requests are drawn"
    for name in idle:
        if getattr(section, name) != ServingSection.model_fields[name].default:
            yield f"serving.{name} has no effect: {source}."
