"""The other parts of a job → the sections of a workload: batch, precision, cluster, software, tokens to train on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from wsesim.workload.problems import shown
from wsesim.workload.zoo.known import CLUSTER, LOOP, PRECISION, RUNS, slips
from wsesim.workload.zoo.parts import JobPart
from wsesim.workload.zoo.tables import FORMATS, MOMENTS
from wsesim.workload.zoo.translation import Translation

WHOLE = "use_cbfloat16"
"""A key of `csconfig`, which the old form has: 16 bits as the machine has them, for all that is mixed."""
MICRO_BATCH = "csx.performance.micro_batch_size"
_FILTERS, _MATRICES = ("param_filter", "param_name_patterns"), ("proj_output", "linear_layer", "proj_[qkv]")
"""Keys that say which matrices are sparse, and what names all of a layer."""
_OPEN = ("auto", "explore", None)
"""Micro-batches that the compiler chooses."""
_MOMENT_BYTES, _WEIGHT_BYTES, _CHECKPOINT_BYTES = 4, 8, 4
"""A moment in fp32; weight, sum of gradients and master copy (Rajbhandari et al. 2020); what is saved of a weight."""
_LOADER = frozenset(
    {"batch_size", "micro_batch_size", "max_sequence_length", "max_predictions_per_seq", "masked_lm_prob", "vocab_size"}
)
_EPOCHS = ("num_epochs", "steps_per_epoch")
_STEPS = ("max_steps", "num_steps", *_EPOCHS)
"""Keys that say how long it trains."""
_BESIDE = {"eval_frequency": "evaluate_every", "eval_steps": "evaluate_steps", "checkpoint_steps": "checkpoint_every"}
"""What comes between steps, and the keys of `job` that say so."""


def length_of(made: Translation) -> int | None:
    """Return how long sequences are, where the loader says it."""
    loader = made.parts.loader
    for key in ("max_sequence_length", "msl"):
        if loader.values.get(key) is not None:
            return made.whole(loader, key, loader.values[key])
    return None


def read_batch(made: Translation, length: int | None) -> None:
    """Put sequences, length and micro-batch.

    Raises:
        InputError: there is no batch.
    """
    loader, flags = made.parts.loader, made.parts.flags
    if loader.values.get("batch_size") is None:
        slip = made.slip(loader, ("batch_size",), _LOADER)
        made.refuse(loader, "batch_size", f"is missing: nothing says how many sequences a step has{slip}")
    made.put("batch", "sequences", loader.values["batch_size"], loader, "batch_size")
    if length is not None:
        made.put("batch", "length", length, loader, "max_sequence_length")
    part, key = (flags, MICRO_BATCH) if MICRO_BATCH in flags.values else (loader, "micro_batch_size")
    wanted = part.values.get(key)
    if wanted in _OPEN or isinstance(wanted, Mapping):
        wanted = "auto"
    if key in part.values:
        made.put("batch", "micro_batch", wanted, part, key)
    meant = slips((name for name in loader.values if name not in _LOADER), _LOADER)
    made.unknown += [f"{made.named(loader, name)}, did you mean {key!r}" for name, key in meant.items()]
    made.free += [made.named(loader, name) for name in loader.values if name not in _LOADER | meant.keys()]
    made.free += [name for name in flags.values if name != MICRO_BATCH]


def read_precision(made: Translation) -> None:
    """Put number formats: those of the part `precision`, or of the old form's `model` and `runconfig`."""
    trainer, model, runs = made.parts.precision, made.parts.model, made.parts.loop
    old = made.parts.form == "flat"
    part = model if old else trainer
    switch = "mixed_precision" if old else "enabled"
    if part.values.get(switch) is False:
        made.put("precision", "", "fp32", part, switch)
        return
    if old and trainer.values.get(WHOLE) is True:
        made.put("precision", "", "cb16", trainer, WHOLE)
    elif model.values.get("use_bfloat16") is True and "fp16_type" not in part.values:
        made.put("precision", "", "bf16", model, "use_bfloat16")
    elif part.values.get("fp16_type") is not None:
        made.put("precision", "", made.word(part, "fp16_type", FORMATS, {}), part, switch, "fp16_type")
    elif part.values.get(switch) is True:
        made.put("precision", "", "mixed", part, switch)
    key = "precision_opt_level"
    held = next((each for each in (trainer, runs, model) if each.values.get(key) is not None), None)
    if held is not None:
        made.put(key, "", held.values[key], held, key)
    if old:
        made.free += [
            made.named(trainer, name) for name, held in trainer.values.items() if (name, held) != (WHOLE, True)
        ]
    else:
        made.rest(trainer, PRECISION, frozenset({switch, "fp16_type", key}))


def read_optimizer(made: Translation) -> None:
    """Put what the store keeps of each parameter, where it is not what Adam keeps; that is the stack's own."""
    part = made.parts.optimizer
    named = part.values.get("optimizer_type") if made.parts.form == "flat" else next(iter(part.values), None)
    if not isinstance(named, str):
        return
    key = "optimizer_type" if made.parts.form == "flat" else named
    moments = MOMENTS.get(named.lower())
    if moments is None:
        made.apart.append(f"the state of {shown(named)}, taken to be Adam's ({made.named(part, key)})")
        return
    settings = part.values if made.parts.form == "flat" else part.values[named]
    moved = named.lower() in ("sgd", "rmsprop")
    inside = settings if isinstance(settings, Mapping) else {}
    made.free += [f"optimizer.{name}" for name in inside if name != key and not (moved and name == "momentum")]
    if moved and inside.get("momentum"):
        moments += 1
    if moments == MOMENTS["adamw"] or not made.parts.trains:
        made.used.append(made.named(part, key))
        return
    state = _WEIGHT_BYTES + moments * _MOMENT_BYTES
    for figure, value in (
        ("training.state_bytes_per_parameter", state),
        ("training.optimizer_traffic_bytes_per_parameter", 2 * (state - 2) + 2),
        ("training.checkpoint_bytes_per_parameter", _CHECKPOINT_BYTES + moments * _MOMENT_BYTES),
    ):
        made.put("software", figure, value, part, key)


def read_loop(made: Translation) -> None:
    """Put the tokens of all steps, and what comes between them."""
    loop, batch = made.parts.loop, made.data["batch"]
    steps, named = _steps({key: _count(made, key) for key in _STEPS if loop.values.get(key)})
    length = batch.get("length", made.data["model"].get("max_length"))
    sizes = (steps, batch["sequences"], length)
    if made.parts.trains and all(type(size) is int and size > 0 for size in sizes):
        made.put("token_budget", "", math.prod(sizes), loop, *named)
    elif made.parts.trains and loop.values.get("num_epochs"):
        named = ("num_epochs",)
        made.apart.append(f"how many steps {made.named(loop, *named)} are, as no steps_per_epoch says it; the token "
                          "budget is the usual one")  # fmt: skip
    for key, here in _BESIDE.items() if made.parts.trains else ():
        every = loop.values.get(key)
        if type(every) is int and every > 0:
            made.put("job", here, every, loop, key)
        elif every:
            made.apart.append(f"{made.named(loop, key)} = {shown(every)} (no whole number of steps above 0)")
    read = {"precision_opt_level", "num_csx", "log_steps", *_BESIDE, *(named if made.parts.trains else ())}
    free = {*(LOOP if made.parts.form == "trainer" else RUNS), *_STEPS}
    made.rest(loop, frozenset(free - read), frozenset(read))


def read_logging(made: Translation) -> None:
    """Say how often the loss is fetched: no measured step of such a job takes what each that is logged would."""
    part, key = made.parts.logging, "log_steps"
    every = part.values.get(key)
    told = made.parts.trains and type(every) is int and every > 0
    if told:
        often = "each step" if every == 1 else f"every {every:,} steps"
        made.apart.append(
            f"a loss logged {often} ({made.named(part, key)}; software.training.log_every={every} times it)"
        )
    if made.parts.form == "trainer":
        made.free += [made.named(part, name) for name in part.values if not (told and name == key)]
    elif not told:
        made.free += [made.named(part, name) for name in part.values if name == key]


def _count(made: Translation, key: str) -> int:
    """Return a number of steps or epochs; one as 1e6, which yaml takes for a fraction, is whole.

    Raises:
        InputError: it is none.
    """
    loop = made.parts.loop
    value = loop.values[key]
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is not int:
        made.refuse(loop, key, f"must be a whole number; got {shown(value)}")
    return value


def _steps(given: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """Return how many steps a job has, and the keys that say so: the fewest that any of them says."""
    ways: dict[tuple[str, ...], Any] = {(key,): given[key] for key in ("max_steps", "num_steps") if given.get(key)}
    epochs = [given.get(key) for key in _EPOCHS]
    if ("num_steps",) not in ways and all(type(each) is int for each in epochs):
        ways[_EPOCHS] = math.prod(epochs)
    said = {keys: steps for keys, steps in ways.items() if type(steps) is int}
    keys = min(said, key=lambda keys: said[keys], default=())
    return said.get(keys), keys


_FIXED = ("static", "sideband")
"""Sparsity that does not change, by what new and old files call it."""


def read_sparsity(made: Translation) -> None:
    """Put the share of weights that are zero."""
    part = made.parts.sparsity
    if not part.values:
        return
    share, kind = part.values.get("sparsity"), part.values.get("algorithm", part.values.get("type", "static"))
    if not isinstance(share, int | float):
        made.refuse(part, "sparsity", f"must be one share that does not change; got {shown(share)}")
    made.put("model", "sparsity", float(share), part, "sparsity")
    filters = next((part.values[key] for key in _FILTERS if key in part.values), None)
    if filters is not None and not all(name in str(filters) for name in _MATRICES):
        made.apart.append(
            f"which matrices are dense ({part.loc[-1]}: a filter that is not of all; all are taken as sparse)"
        )
    if kind not in _FIXED:
        made.apart.append(f"changes of the mask while it trains ({part.loc[-1]}: {shown(kind)})")
    made.free += [made.named(part, key) for key in part.values if key not in ("sparsity", "algorithm", "type")]


def read_cluster(made: Translation) -> None:
    """Put the systems; which machine they are, no such file says."""
    part: JobPart = made.parts.cluster
    if part.values.get("num_csx") is not None:
        made.put("cluster", "systems", part.values["num_csx"], part, "num_csx")
    if made.parts.form == "trainer":
        made.rest(part, CLUSTER, frozenset({"num_csx"}))
