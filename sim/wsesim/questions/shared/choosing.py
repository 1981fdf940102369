"""What is said of a placement that was chosen: by which figure, what the next best gives, what one by hand costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from wsesim.answer import Choice
from wsesim.mapping.resident import ResidentPlan, ResidentRequest
from wsesim.questions.shared.facts import MUCH
from wsesim.units import plural, show_seconds

KINDS = {"whole": "one square a wafer", "blocks": "squares", "rectangles": "rectangles"}
"""How a placement is called."""


def wafers_words(plan: ResidentPlan) -> str:
    """Say how many wafers are in use, in how many copies."""
    wafers = plural(plan.wafers, "wafer")
    return wafers if plan.replicas == 1 else f"{plan.replicas:,} copies of {wafers}"


def reading_words(plan: ResidentPlan) -> str:
    """Say how a prompt passes."""
    return f"{plural(plan.together, 'token')} side by side" if plan.together else f"{plan.chunk:,} tokens at a time"


def unused_words(plan: ResidentPlan) -> tuple[str, ...]:
    """Say how many of the cluster's systems do nothing."""
    idle = plan.request.cluster.systems - plan.all_wafers
    if not idle:
        return ()
    return (f"{plural(idle, 'system')} of {plan.request.cluster.systems:,} {'is' if idle == 1 else 'are'} not in use.",)


def spare_copies_words(plan: ResidentPlan) -> tuple[str, ...]:
    """Say how many of the copies asked for have no sequence."""
    asked = plan.request.replicas or plan.replicas
    if asked <= plan.replicas:
        return ()
    return (f"Copies without a sequence, which take no part: {asked - plan.replicas:,} of {asked:,}.",)


def placement_choice(figure: str, plan: ResidentPlan, seconds: Callable[[ResidentPlan], float]) -> Choice:
    """Return what was chosen by a *figure*, which is the *seconds* of a plan, and the next best."""
    others = ((plan_words(plan.next_best), seconds(plan.next_best)),) if plan.next_best else ()
    return Choice(what="placement", chosen=plan_words(plan), figure=figure, value=seconds(plan), others=others)


def left_open(placing: ResidentRequest) -> ResidentRequest:
    """Return the same request with nothing of the placement by hand."""
    return replace(
        placing, placement="auto", prefill_grid=None, decode_grid=None, wafers=None, replicas=None, stages=None,
        chunk=None, must_fit=True,
    )  # fmt: skip


def by_hand_words(
    label: str, plan: ResidentPlan, opened: object, seconds: Callable[[ResidentPlan], float]
) -> tuple[str, ...]:
    """Say what a placement left open would give, if that is much faster than one by hand."""
    if not isinstance(opened, ResidentPlan) or seconds(opened) > (1 - MUCH) * seconds(plan):
        return ()
    faster, slower = show_seconds(seconds(opened)), show_seconds(seconds(plan))
    return (f"Left open, the placement would be {plan_words(opened)}: {label} {faster} in place of {slower}.",)


def plan_words(plan: ResidentPlan) -> str:
    """Say what a placement is."""
    at = plan.stages[0]
    stages = f"{plural(len(plan.stages), 'stage')} of {at.columns:,} × {at.rows:,} cores"
    return f"{stages} on {wafers_words(plan)}, prompts {reading_words(plan)}"
