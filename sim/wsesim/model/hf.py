"""Read a Hugging Face `config.json` from disk as a `Model`. Keys and their defaults: transformers 5."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from wsesim.errors import InputError, Problem, SpecError, nearest
from wsesim.model.spec import Model
from wsesim.ops import option_named
from wsesim.yamlfile import read_text

LARGEST_SIZE = 10**9
"""No size in a config may be larger: it would be a slip of the keyboard."""

_REQUIRED = object()


def read_hf_config(path: str | Path) -> Model:
    """Return the model that the `config.json` at *path* describes.

    Model types gpt2, gptj, llama, mixtral and bert; the task is the one of its `architectures`.

    Raises:
        InputError: the file is missing, over 1 MiB or not JSON; a key is missing or wrong; something is not supported.
    """
    config = _Config.read(path)
    kind = config.choice("model_type", {name: name for name in _READERS})
    if config.data.get("quantization_config") is not None:
        config.fail(
            "quantization_config",
            "is not supported: costs are those of weights in 16 or 32 bits; remove it to ask that",
        )
    for key, wanted in _FIXED[kind].items():
        found = config.data.get(key, wanted)
        if (type(found), found) != (type(wanted), wanted):
            config.fail(key, f"= {_shown(found)} is not supported, only {_shown(wanted)} is")
    keys = _SIZES[kind]
    fields: dict[str, Any] = {name: config.integer(key) for name, key in keys.items()}
    fields |= _task(config, kind)
    try:
        fields |= _READERS[kind](config, fields)
        return Model(name=_name(Path(path), kind), source=f"config.json of a {kind} model", **fields)
    except SpecError as error:
        config.fail({**keys, **_OTHER_KEYS[kind]}.get(error.name, error.name), error.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Config:
    """The parsed file; every accessor checks the type and fails with the place of its key."""

    file: str
    text: str
    data: dict[str, Any]

    @classmethod
    def read(cls, path: str | Path) -> _Config:
        file, text = str(path), read_text(path, kind="config.json")
        try:
            data = json.loads(
                text, parse_constant=_refuse_constant, parse_int=_whole, object_pairs_hook=_each_once
            )  # fmt: skip
        except json.JSONDecodeError as error:
            raise InputError([_problem(f"not valid JSON: {error.msg}", file, text, error.pos)]) from None
        except _Refused as error:
            places = [found.start(error.group) for found in error.pattern.finditer(text) if found[error.group]]
            raise InputError([_problem(f"not valid JSON: {error}", file, text, places[error.which])]) from None
        except RecursionError:
            raise InputError.at("not a config.json: nested too deep", file=file) from None
        except ValueError as error:
            raise InputError.at(f"not valid JSON: {str(error).split(';')[0]}", file=file) from None
        if not isinstance(data, dict):
            raise InputError.at("not a config.json: the outermost value must be an object, {...}", file=file)
        return cls(file=file, text=text, data=data)

    def fail(self, key: str, message: str) -> NoReturn:
        places = [match.start() for match in re.finditer(rf'"{re.escape(key)}"(?=\s*:)', self.text)]
        if len(places) == 1:
            raise InputError([_problem(f"{key} {message}", self.file, self.text, places[0])])
        raise InputError.at(f"{key} {message}", file=self.file)

    def value(self, key: str, default: object = _REQUIRED) -> Any:
        value = self.data.get(key, default)
        if value is _REQUIRED:
            self.fail(key, f"is missing; a {self.data.get('model_type', 'Hugging Face')} config.json has it")
        return value

    def integer(self, key: str, default: object = _REQUIRED) -> int:
        value = self.value(key, default)
        if type(value) is not int or not 1 <= value <= LARGEST_SIZE:
            self.fail(key, f"must be a whole number from 1 to {LARGEST_SIZE:,}, got {_shown(value)}")
        return value

    def number(self, key: str, default: float) -> float:
        value = self.value(key, default)
        if type(value) not in (int, float) or not 0 < value <= LARGEST_SIZE:
            self.fail(key, f"must be a number above zero, at most {LARGEST_SIZE:,}, got {_shown(value)}")
        return float(value)

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.value(key, default)
        if type(value) is not bool:
            self.fail(key, f"must be true or false, got {_shown(value)}")
        return value

    def choice(self, key: str, known: Mapping[str, str], default: object = _REQUIRED) -> str:
        value = self.value(key, default)
        if not isinstance(value, str) or value not in known:
            hint = nearest(value, known) if isinstance(value, str) else ""
            self.fail(key, f"= {_shown(value)} is not supported{hint}; supported: {', '.join(known)}")
        return known[value]


def _gpt(config: _Config, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what GPT-2 and GPT-J name alike."""
    return {
        "kv_heads": fields["heads"],
        "head_width": _share(config, "n_embd", "n_head"),
        "ffn_width": _inner(config),
        "activation": config.choice("activation_function", option_named("activation", gated=False), "gelu_new"),
        "norm_epsilon": config.number("layer_norm_epsilon", 1e-5),
    }


def _gpt2(config: _Config, fields: Mapping[str, Any]) -> dict[str, Any]:
    return _gpt(config, fields) | {"tied": config.flag("tie_word_embeddings", default=True)}


def _gptj(config: _Config, fields: Mapping[str, Any]) -> dict[str, Any]:
    return _gpt(config, fields) | {
        "rotary_width": config.integer("rotary_dim", 64), "rotary_pairs": "interleaved",
        "position": "rotary", "block": "parallel", "attention_bias": False, "tied": False,
    }  # fmt: skip


def _llama(config: _Config, fields: Mapping[str, Any]) -> dict[str, Any]:
    grouped, wide = (config.data.get(key) is not None for key in ("num_key_value_heads", "head_dim"))
    return {
        "kv_heads": config.integer("num_key_value_heads") if grouped else fields["heads"],
        "head_width": config.integer("head_dim") if wide else _share(config, "hidden_size", "num_attention_heads"),
        "activation": config.choice("hidden_act", option_named("activation", gated=True), "silu"),
        "norm": "rms_norm",
        "norm_epsilon": config.number("rms_norm_eps", 1e-6),
        "position": "rotary",
        "rotary_base": _rotary_base(config),
        "attention_bias": config.flag("attention_bias", default=False),
        "bias": config.flag("mlp_bias", default=False),
        "tied": config.flag("tie_word_embeddings", default=False),
    }


def _mixtral(config: _Config, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Mixtral has beside a Llama: experts. Its linear layers have no biases."""
    return _llama(config, fields) | {
        "kv_heads": config.integer("num_key_value_heads", 8),
        "experts": config.integer("num_local_experts", 8),
        "experts_per_token": config.integer("num_experts_per_tok", 2),
        "norm_epsilon": config.number("rms_norm_eps", 1e-5),
        "rotary_base": _rotary_base(config, default=1e6),
    }


def _bert(config: _Config, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kv_heads": fields["heads"],
        "head_width": _share(config, "hidden_size", "num_attention_heads"),
        "activation": config.choice("hidden_act", option_named("activation", gated=False), "gelu"),
        "norm_order": "post",
        "norm_epsilon": config.number("layer_norm_eps", 1e-12),
        "causal": False,
        "tied": config.flag("tie_word_embeddings", default=True),
    }


_READERS: Mapping[str, Callable[[_Config, Mapping[str, Any]], dict[str, Any]]] = {
    "gpt2": _gpt2, "gptj": _gptj, "llama": _llama, "mixtral": _mixtral, "bert": _bert,
}  # fmt: skip
_SHORT_KEYS = {
    "layers": "n_layer", "width": "n_embd", "heads": "n_head", "vocab": "vocab_size", "max_length": "n_positions",
}  # fmt: skip
_LONG_KEYS = {
    "layers": "num_hidden_layers", "width": "hidden_size", "heads": "num_attention_heads", "vocab": "vocab_size",
    "max_length": "max_position_embeddings", "ffn_width": "intermediate_size",
}  # fmt: skip
_SIZES: Mapping[str, Mapping[str, str]] = {
    "gpt2": _SHORT_KEYS, "gptj": _SHORT_KEYS, "llama": _LONG_KEYS, "mixtral": _LONG_KEYS,
    "bert": {**_LONG_KEYS, "token_types": "type_vocab_size"},
}  # fmt: skip
_OTHER_KEYS: Mapping[str, Mapping[str, str]] = {
    "gpt2": {}, "gptj": {"rotary_width": "rotary_dim", "head_width": "n_head"},
    "llama": {"kv_heads": "num_key_value_heads", "head_width": "head_dim"},
    "mixtral": {"kv_heads": "num_key_value_heads", "head_width": "head_dim", "experts": "num_local_experts",
                "experts_per_token": "num_experts_per_tok"},
    "bert": {},
}  # fmt: skip
_FIXED: Mapping[str, Mapping[str, object]] = {
    "gpt2": {"scale_attn_weights": True, "scale_attn_by_inverse_layer_idx": False, "add_cross_attention": False},
    "gptj": {"tie_word_embeddings": False},
    "llama": {},
    "mixtral": {"sliding_window": None, "attention_bias": False, "mlp_bias": False},
    "bert": {"is_decoder": False, "add_cross_attention": False, "position_embedding_type": "absolute"},
}
_TASKS: Mapping[str, Mapping[str, str]] = {
    "gpt2": {"GPT2LMHeadModel": "lm", "GPT2ForSequenceClassification": "classify"},
    "gptj": {"GPTJForCausalLM": "lm", "GPTJForSequenceClassification": "classify"},
    "llama": {"LlamaForCausalLM": "lm", "LlamaForSequenceClassification": "classify"},
    "mixtral": {"MixtralForCausalLM": "lm", "MixtralForSequenceClassification": "classify"},
    "bert": {"BertForPreTraining": "mlm", "BertForMaskedLM": "mlm", "BertForSequenceClassification": "classify"},
}
"""What each architecture is trained to do; the first is meant where a file names none."""


def _task(config: _Config, kind: str) -> dict[str, Any]:
    known = _TASKS[kind]
    named = config.data.get("architectures", [next(iter(known))])
    only = named[0] if isinstance(named, list) and len(named) == 1 else None
    if not isinstance(only, str) or only not in known:
        config.fail("architectures", f"= {_shown(named)} is not supported; supported: one of {', '.join(known)}")
    fields: dict[str, Any] = {"task": known[only], "sentence_head": only == "BertForPreTraining"}
    return fields | {"classes": _classes(config)} if fields["task"] == "classify" else fields


def _classes(config: _Config) -> int:
    labels = config.data.get("id2label")
    if labels is not None and not isinstance(labels, dict):
        config.fail("id2label", f"must be an object of labels, got {_shown(labels)}")
    classes = config.integer("num_labels", len(labels) if labels is not None else 2)
    if labels is not None and classes != len(labels):
        config.fail("num_labels", f"= {classes} but id2label has {len(labels)} labels")
    if classes == 1:
        config.fail("num_labels" if labels is None else "id2label", "makes a single class, which is not supported")
    return classes


def _inner(config: _Config) -> int:
    if config.data.get("n_inner") is None:
        return 4 * config.integer("n_embd")
    return config.integer("n_inner")


def _share(config: _Config, width_key: str, heads_key: str) -> int:
    width, heads = config.integer(width_key), config.integer(heads_key)
    if width % heads:
        config.fail(heads_key, f"= {heads} does not divide {width_key} = {width}")
    return width // heads


def _rotary_base(config: _Config, default: float = 1e4) -> float:
    """Older files keep the base beside the scaling, newer ones inside `rope_parameters`."""
    for key in ("rope_parameters", "rope_scaling"):
        rope = config.data.get(key) or {}
        if not isinstance(rope, dict):
            config.fail(key, f"must be an object, got {_shown(rope)}")
        scaling = rope.get("rope_type", rope.get("type", "default"))
        if scaling != "default":
            config.fail(key, f"asks for {_shown(scaling)} scaling, which is not supported; without it, costs are equal")
        if "rope_theta" in rope:
            return _Config(file=config.file, text=config.text, data=rope).number("rope_theta", default)
    return config.number("rope_theta", default)


def _name(path: Path, kind: str) -> str:
    """A file is named after its folder, as they are all called config.json."""
    name = path.parent.name if path.stem == "config" else path.stem
    return name if name.strip(".") else kind


def _problem(message: str, file: str, text: str, position: int) -> Problem:
    start = text.rfind("\n", 0, position) + 1
    excerpt = text[start:].split("\n", 1)[0].rstrip()
    return Problem(
        message, file=file, line=text.count("\n", 0, position) + 1, column=position - start + 1,
        excerpt=excerpt if excerpt.isprintable() else None,
    )  # fmt: skip


_STRING = r'"(?:[^"\\]|\\.)*"'
_CONSTANT = re.compile(rf"{_STRING}|(?P<constant>-?Infinity|NaN)")


class _Refused(ValueError):
    """Something that JSON readers let pass: the match of a pattern of the text, counted from the first or the last."""

    def __init__(self, message: str, pattern: re.Pattern[str], group: str, which: int) -> None:
        self.pattern, self.group, self.which = pattern, group, which
        super().__init__(message)


def _refuse_constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is not a JSON number", _CONSTANT, "constant", 0)


def _whole(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:  # Python refuses to read an integer of thousands of digits
        number = re.compile(rf"{_STRING}|(?P<number>{re.escape(digits)})")
        raise _Refused("a number has too many digits", number, "number", 0) from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; refuse a key that stands in it twice, of which only the last would count."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            again = re.compile(rf"(?P<key>{re.escape(json.dumps(key))})\s*:")
            raise _Refused(f"the key {key!r} stands in one object twice; keep one of them", again, "key", -1)
        found[key] = value
    return found


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list) and not all(isinstance(part, str) for part in value):
        return "a list"
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
