"""What GPUs would make of a question, by estimates, beside its answer: figures, where time goes, how sure it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from wsesim.answer import Answer, Number, Result, Table, UsedFigure
from wsesim.gpus import (
    BITS,
    DoesNotFitGpus,
    Fleet,
    RequestEstimate,
    RequestTask,
    SeriesScore,
    StepEstimate,
    StepTask,
    best_request,
    best_step,
    nearest_series,
    step_at_constant_s,
    usual_mfu,
)
from wsesim.hardware import Price
from wsesim.model import parameters
from wsesim.questions.base import Question
from wsesim.questions.serving import Serving
from wsesim.questions.shared.kinds import RequestQuestion, StepQuestion
from wsesim.units import Dimension, parse, plural, show_share

COMPARED = (
    "largest_rate_per_s", "step_s", "prompt_read_s", "ttft_s", "tpot_s", "total_s", "tokens_per_s", "power_w",
    "servers_w", "energy_per_token_j", "usd_per_million_tokens",
)  # fmt: skip
"""Figures that are put side by side, where an answer has them."""
LEFT_OUT = (
    "GPUs are estimated by formulas, in the fastest layout that was found; failures, input, contention of networks, "
    "waiting requests, prefix caches and guessed tokens are left out. Their power and energy are those of boards, "
    "without servers, as the wafers' are those of systems; prices have servers, network, electricity and what a site "
    "adds on both sides, over the same years in use."
)
Task = StepTask | RequestTask
Estimate = StepEstimate | RequestEstimate


NO_FORMULA = "their formulas have no attention with a latent vector, nor layers of two kinds"


@dataclass(frozen=True, slots=True, kw_only=True)
class BesideGpus:
    """What GPUs make of a question."""

    fleet: Fleet
    estimate: Estimate | DoesNotFitGpus
    figures: Mapping[str, Number] = field(default_factory=dict)
    """By the names that answers have."""
    constant: Mapping[str, Number] = field(default_factory=dict)
    """The same by one utilization; empty where that says nothing."""
    near: SeriesScore | None = None


def beside_gpus(question: Question, result: Result, fleets: Sequence[Fleet]) -> Result:
    """Return *result* with what GPUs would make of the same question."""
    task = task_of(question)
    if task is None:
        return replace(result, notes=(*result.notes, "GPUs are not asked: the question is of no model and batch."))
    if task.model.latent_rank or task.model.dense_layers:
        return replace(result, notes=(*result.notes, f"GPUs are not asked: {NO_FORMULA}."))
    if task.model.weight_format:
        why = "Weights on GPUs have the bits of their precision, not those of model.weight_format."
        result = replace(result, notes=(*result.notes, why))
    price = question.asked.hardware.cluster.price
    found = tuple(estimate_for(task, fleet, price) for fleet in fleets)
    sentences = (*(_sentence(one) for one in found), *_priced(found, price), *_ignored(task))
    used = tuple(_figure(one.fleet, figure) for one in found for figure in one.fleet.gpu.figures)
    provenance = replace(result.provenance, figures=(*result.provenance.figures, *used))
    if result.answer is None:
        return replace(result, notes=(*result.notes, *sentences, LEFT_OUT), provenance=provenance)
    answer = result.answer
    known = {spec.name for spec in result.specs}
    tables = (
        _table(answer, found, known),
        *(_time(one) for one in found if not isinstance(one.estimate, DoesNotFitGpus)),
    )
    facts = {**answer.facts, **{one.fleet.label: _facts(one) for one in found}}
    answer = replace(
        answer, tables=(*answer.tables, *tables), notes=(*answer.notes, *sentences),
        leaves_out=(*answer.leaves_out, LEFT_OUT), facts=facts,
    )  # fmt: skip
    return replace(result, outcome=answer, provenance=provenance)


def _ignored(task: Task) -> Iterator[str]:
    """Yield what of the model the GPUs are not asked."""
    if task.model.sparsity:
        yield "GPUs compute weights that are zero, too: theirs are the figures of the dense model."


def _priced(found: Sequence[BesideGpus], price: Price) -> Iterator[str]:
    """Yield what GPUs are taken to cost, and whether anybody says so."""
    told = {one.fleet.gpu.key: one.fleet.gpu for one in found if one.figures}
    for gpu in told.values():
        source = next(figure.source for figure in gpu.figures if figure.name == "chip.gpu_usd")
        said = "assumed" if source == "assumed" else source
        yield (
            f"Price of one {gpu.name}: ${gpu.chip.gpu_usd:,.0f} ({said}), with ${gpu.chip.server_usd:,.0f} of server "
            f"and network (assumed), over {price.years:g} years; {gpu.key}@30000 sets another."
        )


def task_of(question: Question) -> Task | None:
    """Return what GPUs are asked; None where they cannot be."""
    match question:
        case StepQuestion(step=step):
            return StepTask(
                model=question.asked.shape,
                sequences=step.sequences,
                length=step.length,
                learns=step.trains,
                trains_weights=not question.asked.shape.adapter_rank,
            )
        case RequestQuestion(request=request):
            return RequestTask(
                model=question.asked.shape, prompt=request.prompt, generate=request.generate, batch=request.batch,
                reads=request.reads,
            )  # fmt: skip
        case Serving():
            asked = question.asked.resolved["serving"]
            if asked["trace"] is not None:
                return None
            return RequestTask(
                model=question.asked.shape, prompt=asked["prompt"], generate=asked["output"], batch=None,
                slowest_token_s=float(parse(asked["slo_tpot"], Dimension.SECONDS)),
            )  # fmt: skip
    return None


def estimate_for(task: Task, fleet: Fleet, price: Price) -> BesideGpus:
    """Return what some GPUs make of a task, years in use and electricity being those of *price*."""
    if isinstance(task, StepTask):
        return _step(task, fleet, price)
    found = best_request(task, fleet)
    if isinstance(found, DoesNotFitGpus):
        return BesideGpus(fleet=fleet, estimate=found)
    timed = "queue" if task.batch is None else "request" if task.generate else "prompt"
    return BesideGpus(
        fleet=fleet, estimate=found, near=nearest_series(timed, parameters(task.model), fleet),
        figures=_request_figures(task, fleet, found, price),
    )  # fmt: skip


def _step(task: StepTask, fleet: Fleet, price: Price) -> BesideGpus:
    found = best_step(task, fleet)
    if isinstance(found, DoesNotFitGpus):
        return BesideGpus(fleet=fleet, estimate=found)
    constant_s = step_at_constant_s(task, fleet)
    rate = task.tokens / found.step_s
    near = nearest_series("step", parameters(task.model), fleet, adapters=not task.trains_weights)
    return BesideGpus(
        fleet=fleet, estimate=found, near=near,
        figures={"step_s": found.step_s, "tokens_per_s": rate, **_power(fleet, found.board_w, rate, price)},
        constant={"step_s": constant_s, "tokens_per_s": task.tokens / constant_s},
    )  # fmt: skip


def _request_figures(
    task: RequestTask, fleet: Fleet, found: RequestEstimate, price: Price
) -> Mapping[str, Number]:  # fmt: skip
    tokens = found.batch * found.copies * (task.prompt * task.reads + task.generate)
    power = _power(fleet, found.board_w, tokens / found.total_s, price)
    if task.batch is None:
        return {"largest_rate_per_s": found.batch * found.copies / found.total_s, **power}
    figures: dict[str, Number] = {"total_s": found.total_s}
    if task.reads:
        figures |= {"prompt_read_s": found.prompt_s, "ttft_s": found.prompt_s}
    if task.generate:
        figures |= {"tpot_s": found.token_s, "tokens_per_s": found.tokens_per_s}
    return figures | power


def _power(fleet: Fleet, board_w: float, tokens_per_s: float, price: Price) -> dict[str, Number]:
    """Return the power of boards, that of servers in proportion, the energy of a token without servers, its price."""
    chip, power_w = fleet.gpu.chip, fleet.count * board_w
    servers_w = power_w * chip.node_w / chip.board_w
    hour_usd = fleet.count * price.spread_usd(chip.gpu_usd + chip.server_usd)
    hour_usd += price.electricity_usd(power_w + servers_w)
    return {
        "power_w": power_w, "servers_w": servers_w, "energy_per_token_j": power_w / tokens_per_s,
        "usd_per_million_tokens": 1e6 * hour_usd / (3600 * tokens_per_s),
    }  # fmt: skip


def _sentence(one: BesideGpus) -> str:
    """Say the layout, what limits it, and how near estimates of the nearest measured series came."""
    found = one.estimate
    if isinstance(found, DoesNotFitGpus):
        return f"{one.fleet.label}: it does not fit; {found.why}."
    share = found.by_cause[found.limit] / sum(found.by_cause.values())
    layout = found.layout.words if isinstance(found, StepEstimate) else found.layout.degrees
    said = f"{one.fleet.label}, estimated: {layout}; {found.limit} take {show_share(share, digits=0)} of the time."
    if isinstance(found, RequestEstimate) and found.batch > 1:
        said += f" Each copy of the model holds {found.batch:,} requests."
    if isinstance(found, StepEstimate) and 0 < found.again < 1:
        said += f" {show_share(found.again, digits=0)} of the layers are computed again to fit."
    if one.constant:
        usual = usual_mfu(one.fleet.gpu.key, _multiplied(one.fleet))
        said += f" One utilization for all, {show_share(usual, digits=0)}, stands beside it."
    if one.near is None:
        return said
    near = one.near
    within = f"within {show_share(near.median, digits=0)} in the middle and {show_share(near.worst, digits=0)} at worst"
    return f"{said} Nearest measured: {near.name} ({plural(near.rows, 'row')}), which estimates meet {within}."


def _multiplied(fleet: Fleet) -> int:
    return fleet.gpu.chip.peak(BITS[fleet.precision])[1]


def _table(answer: Answer, found: Sequence[BesideGpus], known: Collection[str]) -> Table:
    """Return the figures of wafers and GPUs side by side, of those that the kind has."""
    said = [answer.figures, *(one.figures for one in found)]
    names = tuple(name for name in COMPARED if name in known and any(each.get(name) is not None for each in said))
    machine = answer.facts.get("machine", {})
    systems = machine.get("systems", 1)
    own = f"{systems} × {machine.get('name', 'wafer')}"
    rows: list[tuple[object, ...]] = [(own, *(answer.figures.get(name) for name in names))]
    for one in found:
        rows.append((one.fleet.label, *(one.figures.get(name) for name in names)))
        if one.constant:
            rows.append(("the same, one utilization", *(one.constant.get(name) for name in names)))
    title = "Beside GPUs (their figures are a model's, not measured)"
    return Table(name="gpus", title=title, columns=("machine", *names), rows=tuple(rows), asked=True)


def _time(one: BesideGpus) -> Table:
    """Return where the time of GPUs goes."""
    assert not isinstance(one.estimate, DoesNotFitGpus), "only what fits takes time"
    causes = one.estimate.by_cause
    total = sum(causes.values())
    ranked = sorted(causes.items(), key=lambda cause: -cause[1])
    rows = tuple((cause, spent_s, spent_s / total) for cause, spent_s in ranked if spent_s)
    key = f"gpus_{one.fleet.gpu.key}x{one.fleet.count}_{one.fleet.precision}".replace("-", "_")
    return Table(
        name=key, title=f"Where the time of {one.fleet.label} goes (estimated)", columns=("cause", "seconds", "share"),
        rows=rows,
    )  # fmt: skip


def _facts(one: BesideGpus) -> Mapping[str, object]:
    found = one.estimate
    if isinstance(found, DoesNotFitGpus):
        return {"fits": False, "why": found.why}
    words = found.layout.words if isinstance(found, StepEstimate) else found.layout.degrees
    layout = {"layout": words, "limit": found.limit, "gpus": one.fleet.count}
    near = {"nearest_measured": one.near.name, "nearest_error_share": one.near.median} if one.near else {}
    return {**layout, **near}


def _figure(fleet: Fleet, figure: UsedFigure) -> UsedFigure:
    return replace(figure, name=f"{fleet.gpu.key}.{figure.name}")
