"""What each phase reads of a workload, and the sections of inference as the rest of the package sees them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from wsesim import units
from wsesim.errors import SpecError
from wsesim.model import Model
from wsesim.software import SoftwareChoice
from wsesim.workload.checks import STACK, file_problem, software_of
from wsesim.workload.problems import Report
from wsesim.workload.schema import InferenceSection, ServingSection
from wsesim.workload.spec import Inference, Serving

STREAMED = ("training", "evaluation")
"""Phases whose weights stream through the wafer; those of the others stay there."""
SECTION_OF = {"training": "batch", "evaluation": "batch", "serving": "serving"}
"""The section that a phase cannot do without; `inference` for all others."""
_READ_BY = {
    "batch": STREAMED,
    "recompute": ("training",),
    "token_budget": ("training",),
    "inference": ("prefill", "decode", "generate", "serving"),
    "serving": ("serving",),
}
"""Which phases read a key that not all of them do."""
TRAINING_STACK, INFERENCE_STACK = "release-2", "waferllm"
"""The software of phases whose weights stream, and of the others: the same on every machine."""
USUAL_TOKENS = {"prefill": 1, "decode": 1, "generate": 128, "serving": 1}


def reads(phase: str, key: str) -> bool:
    """Return whether *phase* reads the key of a workload."""
    return key not in _READ_BY or phase in _READ_BY[key]


def check_phase(values: Mapping[str, Any], given: Set[str], empty: Set[str], report: Report) -> None:
    """Check that the phase has what it needs, and that nothing was given which it does not read.

    *given* are the keys of the file with a value, *empty* those without.
    """
    phase = values.get("phase")
    if phase is None:
        return
    needed = SECTION_OF.get(phase, "inference")
    if needed in empty:
        report.add((needed,), f"{needed} is empty; phase {phase} needs it", at_key=True)
    elif needed not in given:
        also = "" if phase == "training" else f": phase {phase} needs it"
        report.add((), f"the required key {needed!r} is missing{also}", at_key=True)
    for key in _READ_BY:
        if key in given and not reads(phase, key):
            report.add((key,), f"{key} is not read by phase {phase}; leave it out, or change the phase", at_key=True)


def stack_of(section: Mapping[Any, object], phase: str, report: Report, folder: Path) -> SoftwareChoice | None:
    """Return the software of a workload, or None and what is wrong with it: it may be none for its phase."""
    streams = phase in STREAMED
    choice = software_of(section, TRAINING_STACK if streams else INFERENCE_STACK, report, folder=folder)
    if choice is None:
        return None
    try:
        (choice.for_training if streams else choice.for_inference)()
    except SpecError as error:
        report.add(("software", STACK), f"software {error.message}")
        return None
    return choice


def check_resident_model(model: Model | None, phase: str, report: Report) -> None:
    """Refuse models whose weights can stream but are not laid out to stay."""
    if model is None or phase in STREAMED:
        return
    for key, what in (("experts", "a mixture of experts"), ("sparsity", "sparse weights")):
        if getattr(model, key):
            message = f"= {getattr(model, key)}: {what} with resident weights is not modelled, only in training and"
            report.add_field(("model", key), f"{message} evaluation")


def check_inference(section: InferenceSection | None, phase: str, model: Model | None, report: Report) -> None:
    """Check the numbers of a request against each other and the model."""
    if section is None or phase not in USUAL_TOKENS or phase == "serving":
        return
    if section.prompt is None:
        report.add(("inference",), "the required key 'prompt' is missing in inference", at_key=True)
        return
    if section.reused >= section.prompt:
        message = f"= {section.reused} must be below inference.prompt = {section.prompt}: one token has to be computed"
        report.add_field(("inference", "reused"), message)
    tokens = section.prompt + (section.generate or USUAL_TOKENS[phase])
    if model and model.position == "learned" and tokens > model.max_length:
        message = f"and what is generated are {tokens:,} tokens, over the {model.max_length} positions the model has"
        report.add_field(("inference", "prompt"), f"= {section.prompt} {message}")


def check_serving(section: ServingSection | None, model: Model | None, folder: Path, report: Report) -> None:
    """Check that requests come from one place, and that the model has positions for them."""
    if section is None:
        return
    if section.trace is None and section.rate is None:
        report.add(("serving",), "serving needs rate (requests a second) or trace (a file of requests)", at_key=True)
    if section.trace is not None:
        problem = file_problem(folder / section.trace)
        if problem:
            report.add_field(("serving", "trace"), f"= {section.trace!r} {problem}")
    for key in ("slo_ttft", "slo_tpot"):
        try:
            if seconds(getattr(section, key)) <= 0:
                report.add_field(("serving", key), "must be above 0")
        except SpecError as error:
            report.add_field(("serving", key), error.message)
    if model and section.longest and model.position == "learned" and section.longest > model.max_length:
        report.add_field(
            ("serving", "longest"), f"= {section.longest} is over the {model.max_length} positions the model has"
        )


def seconds(text: str) -> float:
    """Return a time given with its unit, in seconds.

    Raises:
        SpecError: it is not one.
    """
    try:
        return units.parse(text, units.Dimension.SECONDS)
    except ValueError as error:
        raise SpecError("time", str(error)) from None


def inference_of(resolved: Mapping[str, Any]) -> Inference | None:
    """Return the section of a resolved workload as a value."""
    section = resolved.get("inference")
    if section is None:
        return None
    return Inference(**section | {"prompt": section["prompt"] or 1})


def serving_of(resolved: Mapping[str, Any], folder: Path) -> Serving | None:
    """Return the section of a resolved workload as a value; the path of a trace starts at *folder*."""
    section = resolved.get("serving")
    if section is None:
        return None
    values = dict(section)
    trace, rate = values.pop("trace"), values.pop("rate")
    ttft_s, tpot_s = (seconds(values.pop(key)) for key in ("slo_ttft", "slo_tpot"))
    return Serving(
        **values, slo_ttft_s=ttft_s, slo_tpot_s=tpot_s, trace=None if trace is None else str(folder / trace),
        rate_per_s=None if trace else rate,
    )  # fmt: skip
