"""Workload file → Workload: read, check everything, fill in every default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wsesim.errors import InputError
from wsesim.hardware import HardwareChoice
from wsesim.model import Model
from wsesim.result import Figure
from wsesim.software import SoftwareChoice
from wsesim.workload import checks, phases
from wsesim.workload.problems import Report
from wsesim.workload.resolve import resolve
from wsesim.workload.schema import InferenceSection, read_fields
from wsesim.workload.sections import name_of
from wsesim.workload.settings import apply_settings
from wsesim.workload.spec import Inference, Outputs, Serving, VerificationSettings, Workload
from wsesim.workload.title import title_of
from wsesim.yamlfile import Document, read_yaml


def load_workload(path: str | Path, *, settings: Sequence[str] = ()) -> Workload:
    """Read the workload at *path*; *settings* like `batch.sequences=240` replace what the file says.

    Raises:
        InputError: with every problem of the file, each at its line.
    """
    document = read_yaml(path)
    if not isinstance(document.data, Mapping):
        message = "a workload is a mapping (lines of `key: value`); `wsesim init` writes one"
        raise InputError([document.problem(message)])
    data = dict(document.data)
    given = apply_settings(data, settings)
    return _resolve(data, Report(file=str(path), document=document, settings=given), Path(path).parent)


def build_workload(data: Mapping[str, Any], *, file: str, folder: Path, document: Document | None = None) -> Workload:
    """Make a workload of plain *data*; relative paths start at *folder*, and problems name *file*.

    Raises:
        InputError: with every problem, each at its line if *document* is what the data was read from.
    """
    return _resolve(dict(data), Report(file=file, document=document), folder)


def _resolve(data: dict[str, Any], report: Report, folder: Path) -> Workload:
    values, errors = read_fields(data)
    report.add_invalid(errors)
    given = {key for key, value in data.items() if value is not None}
    phases.check_phase(values, given, data.keys() - given, report)
    phase = values.get("phase", "training")
    name = values.get("name") or name_of(report.file, "workload")
    batch, cluster, verification = values.get("batch"), values.get("cluster"), values.get("verification")
    hardware = checks.hardware_of(cluster, values.get("hardware"), report, folder=folder)
    software = phases.stack_of(values.get("software") or {}, phase, report, folder)
    model: Model | None = None
    model_defaults: tuple[Figure, ...] = ()
    if "model" in values:
        # a broken batch must not pass for a missing length
        length = batch.length if batch else _tokens(values.get("inference"), phase)
        model, model_defaults = checks.model_of(values["model"], report, name=name, length=length, folder=folder)
    if batch and hardware and cluster:
        checks.check_batch(batch, hardware.cluster.systems, report)
    if batch and model and batch.length:
        checks.check_length(batch.length, model, ("batch", "length"), report)
    phases.check_resident_model(model, phase, report)
    phases.check_inference(values.get("inference"), phase, model, report)
    phases.check_serving(values.get("serving"), model, folder, report)
    if verification:
        checks.check_verification(verification, model, folder, report)
    if "text" in values:
        checks.check_text(values["text"], model, folder, report)
    report.raise_if_any()
    assert model is not None, "a model that is not there is a problem"
    assert hardware is not None, "a machine that is not there is a problem"
    assert software is not None, "a stack that is not there is a problem"
    resolved, defaults = resolve(values, given, name=name, model=model, hardware=hardware, software=software)
    return _workload(
        resolved, (*model_defaults, *defaults), model=model, hardware=hardware, software=software, file=report.file,
        folder=folder,
    )  # fmt: skip


def _workload(
    resolved: Mapping[str, Any],
    defaults: tuple[Figure, ...],
    *,
    model: Model,
    hardware: HardwareChoice,
    software: SoftwareChoice,
    file: str,
    folder: Path,
) -> Workload:
    verification, text = resolved["verification"], resolved["text"]
    inference, serving = phases.inference_of(resolved), phases.serving_of(resolved, folder)
    batch = resolved.get("batch", {"micro_batch": "auto"})
    weights = verification["weights"]
    settings = verification | {
        "layers": _unless_auto(verification["layers"]),
        "weights": None if weights is None else str(folder / weights),
    }
    return Workload(
        name=resolved["name"],
        file=file,
        title=title_of(resolved, model, hardware),
        model=model,
        phase=resolved["phase"],
        sequences=inference.batch or 1 if inference else batch["sequences"],
        length=_held(inference, serving) if inference else batch["length"],
        inference=inference,
        serving=serving,
        micro_batch=_unless_auto(batch["micro_batch"]),
        precision=resolved["precision"],
        recompute=resolved.get("recompute", "never"),
        hardware=hardware,
        software=software,
        text=text if text.startswith(checks.SAMPLE) else str(folder / text),
        verification=VerificationSettings(**settings),
        token_budget=resolved.get("token_budget", 0),
        outputs=Outputs(**resolved["outputs"]),
        resolved=resolved,
        defaults=defaults,
    )


def _unless_auto(value: int | str) -> int | None:
    return value if isinstance(value, int) else None


def _tokens(section: InferenceSection | None, phase: str) -> int:
    """Return how many positions a request needs."""
    if section is None or section.prompt is None:
        return 1
    return section.prompt + (section.generate or phases.USUAL_TOKENS.get(phase, 1))


def _held(inference: Inference, serving: Serving | None) -> int:
    return serving.longest if serving else inference.prompt + inference.generate
