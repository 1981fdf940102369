"""The `model` section → a ModelSpec: a preset, a config.json or a whole shape, with what was left out filled in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from wsesim.answer import UsedFigure
from wsesim.errors import InputError, SpecError
from wsesim.model import EXTRAS, ModelSpec, load_preset, read_hf_config
from wsesim.ops import chosen
from wsesim.workload.filling import as_yaml, read_fields
from wsesim.workload.inputs import GPT2_VOCAB, file_problem
from wsesim.workload.problems import Problems
from wsesim.workload.schema import ModelSection
from wsesim.workload.zoo import is_job, job_of
from wsesim.yamlfile import read_yaml

_SIZES = ("layers", "width", "heads", "kv_heads", "head_width", "ffn_width", "vocab")
_BASES = ("preset", "config", "zoo")
"""Keys that name a whole model."""
_LABELS = ("name", "source", "token_budget", "weight_format", "weight_packed")
"""Keys that make no other model of one: what it is called, is trained on, and how its weights are kept."""
_READ_WITH: Mapping[str, tuple[str, Callable[[ModelSpec], bool]]] = {
    **dict.fromkeys(("classes",), ("model.task is classify or tag", lambda model: model.task in ("classify", "tag"))),
    **dict.fromkeys(("masked", "head_activation"), ("model.task is mlm", lambda model: model.task == "mlm")),
    "weight_packed": ("model.weight_format is given", lambda model: bool(model.weight_format)),
    "sentence_head": ("model.task is mlm or embed", lambda model: model.task in ("mlm", "embed")),
    **dict.fromkeys(("full_every",), ("model.window is above 0", lambda model: model.window > 0)),
    **dict.fromkeys(
        ("rotary_width", "rotary_pairs", "rotary_base", "still_every", "rotary_factor", "rotary_window_base"),
        ("model.position is rotary", lambda model: model.position == "rotary"),
    ),
    "rotary_scaling": ("model.rotary_factor is above 0", lambda model: model.rotary_factor > 0),
    **dict.fromkeys(
        ("experts_per_token", "expert_imbalance"), ("model.experts is above 0", lambda model: model.experts > 0)
    ),
}
"""Keys that are read only in some models, and in which."""
USUAL_EXPERTS = 2
"""Experts that compute a token, as in GShard (Lepikhin et al. 2020) and Mixtral (Jiang et al. 2024)."""


@dataclass(slots=True)
class _Shape:
    """The fields of a model on their way; `derive` fills in what was left out and remembers why."""

    values: dict[str, Any]
    defaults: list[UsedFigure] = field(default_factory=list)

    def derive(self, name: str, value: object, source: str) -> None:
        if name not in self.values:
            self.values[name] = value
            self.defaults.append(UsedFigure(name=f"model.{name}", text=as_yaml(value), source=source))


def model_of(
    section: ModelSection, problems: Problems, *, name: str, length: int | None, folder: Path
) -> tuple[ModelSpec | None, tuple[UsedFigure, ...]]:
    """Return the model and the defaults filled in, or None and what is wrong with it."""
    paths = {"config": _config_file(folder, section.config) if section.config else None,
             "zoo": folder / section.zoo if section.zoo else None}  # fmt: skip
    for key, path in paths.items():
        if path and (problem := file_problem(path)):
            problems.add_field(("model", key), f"= {getattr(section, key)!r} {problem}")
            return None, ()
    try:
        model, defaults = resolve_model(section, name=name, length=length, folder=folder)
        problems.notes += [
            *_unread(section, model),
            *_of_one_class(model),
            *_weights_beside(section, folder),
            *model.notes,
        ]
        return _with_masks(section, model, length, defaults)
    except SpecError as error:
        problems.add_spec("model", error)
    except InputError as error:
        problems.found += error.problems
    return None, ()


def _with_masks(
    section: ModelSection, model: ModelSpec, length: int | None, defaults: tuple[UsedFigure, ...]
) -> tuple[ModelSpec, tuple[UsedFigure, ...]]:  # fmt: skip
    """Mask no more tokens than a sequence has, where the file does not say how many."""
    if section.masked is not None or model.task != "mlm" or length is None or model.masked <= length:
        return model, defaults
    source = f"all tokens of a sequence; usually {model.masked}"
    others = (figure for figure in defaults if figure.name != "model.masked")
    masked = UsedFigure(name="model.masked", text=as_yaml(length), source=source)
    return replace(model, masked=length), (*others, masked)


def _config_file(folder: Path, stated: str) -> Path:
    """Return the config.json that is stated, or that of a folder as transformers keeps a model in."""
    path = folder / stated
    return path / "config.json" if path.is_dir() else path


def _weights_beside(section: ModelSection, folder: Path) -> Iterator[str]:
    """Say where the weights of a model's folder are: they are not taken unless a file says so."""
    path = folder / (section.config or "")
    names = ("model.safetensors", "model.safetensors.index.json")
    found = [name for name in names if section.config and path.is_dir() and (path / name).is_file()]
    if found:
        stated = (Path(section.config or "") / found[0]).as_posix()
        yield f"model.config: numbers are checked with weights drawn; verification.weights: {stated} takes its own."


def _of_one_class(model: ModelSpec) -> Iterator[str]:
    if model.task in ("classify", "tag") and model.classes == 1:
        yield "model.classes: one class is one number, as regressions have; its loss is counted as that of a class."


def _unread(section: ModelSection, model: ModelSpec) -> Iterator[str]:
    """Yield what to say of keys that have no effect in the model, unless they have their usual value."""
    usual = {each.name: each.default for each in fields(ModelSpec)}
    for name, (where, reads) in _READ_WITH.items():
        if getattr(section, name) not in (None, usual[name]) and not reads(model):
            yield f"model.{name} has no effect: it is read where {where}."


def resolve_model(
    section: ModelSection, *, name: str, length: int | None, folder: Path
) -> tuple[ModelSpec, tuple[UsedFigure, ...]]:
    """Return the model that *section* describes, and the defaults that were filled in.

    A shape without a name is called *name*; one without `max_length` knows *length* positions. Paths start at *folder*.

    Raises:
        SpecError: named by the field of the section that is wrong.
        InputError: the config.json or the job is.
    """
    given = section.model_dump(exclude_none=True, exclude=set(_BASES))
    bases = [key for key in _BASES if getattr(section, key) is not None]
    if len(bases) > 1:
        raise SpecError(bases[1], f"and {bases[0]} cannot both be given; keep one")
    if section.zoo is not None:
        return _changed(_of_job(folder / section.zoo, section.zoo, length), given)
    if section.preset is not None:
        return _changed(load_preset(section.preset), given)
    if section.config is not None:
        config = asdict(read_hf_config(_config_file(folder, section.config), task=section.task))
        return _changed(ModelSpec(**config | {"source": section.config}), given)
    return _whole(given, name, length)


def _of_job(path: Path, named: str, length: int | None) -> ModelSpec:
    """Return the model of a job of the Model Zoo."""
    document = read_yaml(path)
    if not is_job(document.data):
        raise SpecError("zoo", f"= {named!r} is no job of the Model Zoo: it has neither trainer: nor train_input:")
    job = job_of(document)
    problems = Problems(file=str(path), schema=ModelSection, document=job.document)
    problems.add_invalid(read_fields(ModelSection, job.document.data["model"])[1], ("model",), schema=ModelSection)
    problems.raise_if_any()
    section = ModelSection.model_validate(job.document.data["model"])
    model, _ = resolve_model(section, name=named, length=length, folder=path.parent)
    return replace(model, source=named, notes=(*model.notes, *job.notes))


def _changed(base: ModelSpec, given: Mapping[str, Any]) -> tuple[ModelSpec, tuple[UsedFigure, ...]]:
    """Replace fields of *base*; sizes that followed from a replaced one follow from the new one."""
    changed = [name for name in given if name not in _LABELS and given[name] != getattr(base, name)]
    if all(given[name] == getattr(base, name) for name in given):
        return base, ()
    if not changed:
        return replace(base, **given), ()
    follow = {
        "head_width": {"width", "heads"} & given.keys() and base.attention_width == base.width,
        "kv_heads": "heads" in given and base.kv_heads == base.heads,
        "ffn_width": "width" in given and base.ffn_width == 4 * base.width,
        "token_budget": set(_SIZES) & set(changed),
        "experts_per_token": "experts" in given,
        "expert_imbalance": "experts" in given,
    }
    kept = {name: value for name, value in asdict(base).items() if not follow.get(name)}
    shape = _Shape({**kept, **given})
    shape.values["name"] = given.get("name", f"{base.name}-changed")
    shape.values["source"] = given.get("source", f"{base.source}; changed here: {', '.join(changed)}")
    _derive_sizes(shape)
    _derive_experts(shape)
    return ModelSpec(**shape.values), tuple(shape.defaults)


def _whole(given: Mapping[str, Any], name: str, length: int | None) -> tuple[ModelSpec, tuple[UsedFigure, ...]]:
    missing = [key for key in ("layers", "width", "heads") if key not in given]
    if missing:
        also = f", and so is {' and '.join(missing[1:])}" if missing[1:] else ""
        wanted = "give a preset, a config, or a shape with layers, width and heads"
        raise SpecError(missing[0], f"is missing{also}: {wanted}")
    activation = given.get("activation")
    if activation and chosen("activation", activation).gated and "ffn_width" not in given:
        raise SpecError("ffn_width", f"is missing: with {activation} it does not follow from width")
    shape = _Shape(dict(given))
    shape.derive("name", name, "the workload's name")
    _derive_sizes(shape)
    shape.derive("vocab", GPT2_VOCAB, "GPT-2's vocabulary, whose tokens are used here")
    if length is not None:
        shape.derive("max_length", length, "as many as are asked for")
    elif "max_length" not in given:
        raise SpecError("max_length", "is missing: give it; nothing else says how long a sequence is")
    if "bias" in given:
        shape.derive("attention_bias", given["bias"], "as bias")
    _derive_experts(shape)
    for each in fields(ModelSpec):
        if each.default is not MISSING and each.name not in (*EXTRAS, "token_budget", "source", "notes", "differs"):
            shape.derive(each.name, each.default, "as in GPT-2")
    return ModelSpec(**shape.values), tuple(shape.defaults)


def _derive_experts(shape: _Shape) -> None:
    """Fill in what only a mixture of experts asks for."""
    if experts := shape.values.get("experts"):
        shape.derive("experts_per_token", min(USUAL_EXPERTS, experts), "as in Mixtral, or as many as there are")
        shape.derive("expert_imbalance", 1.0, "assumed: a router that deals tokens out evenly")


def _derive_sizes(shape: _Shape) -> None:
    values = shape.values
    if "head_width" not in values:
        shape.derive("head_width", _head_width(values["width"], values["heads"]), "width / heads")
    shape.derive("kv_heads", values["heads"], "heads")
    shape.derive("ffn_width", 4 * values["width"], "4 x width")


def _head_width(width: int, heads: int) -> int:
    if width % heads:
        below = width // heads * heads
        near = f"{below} or {below + heads}" if below else str(heads)
        message = f"= {heads} does not divide model.width = {width}; make the width {near}, or give head_width"
        raise SpecError("heads", message)
    return width // heads
