"""What a config.json says of weights of fewer bits: which format they are kept in, and which matrices are.

Formats and their keys: the quantization configs of transformers 5, of compressed-tensors and of ModelOpt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NoReturn

from wsesim.model.hf_file import HfConfig, shown
from wsesim.model.hf_left_out import (
    PARTS,
    ModuleName,
    Reading,
    anywhere,
    as_transformers,
    behind_layer,
    fits,
    to_the_letter,
    unpacked,
    with_stars,
)
from wsesim.model.hf_parts import Fields
from wsesim.model.hf_patterns import Budget, PatternError
from wsesim.model.hf_refused import FEW, note_unread

_KEYS = ("quantization_config", "compression_config")
_LOOKED_UP = "numbers are looked up in a table of values, which has no mechanism here"
_REFUSED: Mapping[str, str] = {
    **dict.fromkeys(("aqlm", "vptq", "quip", "quip_sharp"), "vectors are looked up in code books, which has no "
                    "mechanism here"),
    **dict.fromkeys(("higgs", "squeezellm", "sinq"), _LOOKED_UP),
    "spqr": "outliers that are kept apart, sparse, have no mechanism here",
    **dict.fromkeys(("bitnet", "bitnet_b1.58"), "weights of three values have no mechanism here"),
    "fp_quant": "products of 4 bits with rotated inputs have no mechanism here",
    "gguf": "blocks of several formats in one file have no mechanism here",
}  # fmt: skip
"""By method, what it is built on that has no mechanism."""


def packed(config: HfConfig, layers: int, *, experts: bool) -> Fields:
    """Return how matrices of *layers*, with *experts* or without, are kept, if not as they are multiplied.

    Raises:
        InputError: at the key that asks for a format without a mechanism.
    """
    key = next((key for key in _KEYS if config.has(key)), None)
    if key is None:
        return {}
    inside = config.inner(key)
    if not inside.data:
        config.note(key, "is empty, and asks for nothing: weights are kept as they are multiplied")
        return {}
    method = str(inside.value("quant_method", inside.value("quant_algo", "no quant_method"))).lower()
    if method in _REFUSED:
        _refuse(config, key, method, _REFUSED[method])
    if method not in _READERS:
        _refuse(config, key, method, f"known are {', '.join(_READERS)}")
    try:
        text = _READERS[method](inside)
        which = _which(config, inside, method, layers, experts=experts) if method != "mxfp4" else "ffn"
    except (_Unknown, PatternError) as unknown:
        _refuse(config, key, method, str(unknown))
    _note_rest(inside)
    if not which:
        config.note(key, f"= {shown(method)} leaves all matrices of most layers as they are multiplied")
        return {}
    config.note(key, f"= {shown(method)}: weights that stay with the cores are kept as {text} and unpacked to be "
                "multiplied in 16 bits, activations stay in 16 bits; weights that stream are not packed")  # fmt: skip
    return {"weight_format": text, "weight_packed": which}


class _Unknown(ValueError):
    """A format that has no mechanism."""


def _refuse(config: HfConfig, key: str, method: str, why: str) -> NoReturn:
    config.fail(key, f"asks for weights of another format ({shown(method)}): {why}; remove it to ask for 16 bits")


def _fp8(inside: HfConfig) -> str:
    if (form := inside.value("fmt", "e4m3")) != "e4m3":
        raise _Unknown(f"fmt = {shown(form)} has no mechanism here, only e4m3 has")
    block = inside.value("weight_block_size", None)
    return "e4m3" if block is None else f"e4m3/{_block(block)}"


def _block(block: object) -> str:
    """Return inputs x outputs of a block that files give as [outputs, inputs]."""
    if not isinstance(block, list) or len(block) != 2 or any(type(side) is not int or side < 1 for side in block):
        raise _Unknown(f"a block of {shown(block)} is no two whole numbers")
    return f"{block[1]}x{block[0]}"


def _whole(bits: object, group: object, *, zeros: bool) -> str:
    """Return whole numbers of so many bits with a scale for each *group* of inputs of an output; -1: all of them."""
    if type(bits) is not int:
        raise _Unknown(f"bits = {shown(bits)} is {'text, ' if isinstance(bits, str) else ''}no whole number")
    if bits not in (4, 8):
        raise _Unknown(f"{shown(bits)} bits have no mechanism here, 4 and 8 have")
    return f"int{bits}/{_inputs(group)}x1{'+zeros' if zeros else ''}"


def _inputs(group: object) -> str:
    """Return the inputs that share a scale."""
    if group is None or (type(group) is int and group == -1):
        return "all"
    if type(group) is not int or group < 1:
        raise _Unknown(f"a group of {shown(group)} is no whole number above zero (-1: all inputs)")
    return str(group)


def _gptq(inside: HfConfig) -> str:
    if inside.value("desc_act", False):
        inside.note("desc_act", "= true is not followed: groups are inputs in order")
    return _whole(inside.value("bits"), inside.value("group_size", 128), zeros=not inside.value("sym", True))


def _awq(inside: HfConfig) -> str:
    bits, group = (inside.value(inside.first(keys), usual)
                   for keys, usual in ((("bits", "w_bit"), 4), (("group_size", "q_group_size"), 128)))  # fmt: skip
    return _whole(bits, group, zeros=bool(inside.value("zero_point", True)))


def _bitsandbytes(inside: HfConfig) -> str:
    if inside.value(inside.first(("load_in_4bit", "_load_in_4bit")), False):
        raise _Unknown(f"{shown(inside.value('bnb_4bit_quant_type', 'fp4'))}: {_LOOKED_UP}")
    inside.note("llm_int8_threshold", "is not followed: inputs beyond it are multiplied as all others are")
    return "int8/allx1"


def _by_name(inside: HfConfig) -> str:
    """Return the format that a word at `weights` names: quanto, eetq."""
    word = str(inside.value("weights", "int8"))
    known = {"int8": "int8/allx1", "float8": "e4m3/allx1", "int4": "int4/128x1+zeros"}
    if word not in known:
        raise _Unknown(f"weights = {shown(word)} have no mechanism here; {', '.join(known)} have")
    return known[word]


def _hqq(inside: HfConfig) -> str:
    told = inside.inner("quant_config")
    params = told.inner("weight_quant_params") if told.has("weight_quant_params") else told
    return _whole(params.value("nbits", 4), params.value("group_size", 64), zeros=True)


def _torchao(inside: HfConfig) -> str:
    kind = inside.value("quant_type", "")
    while isinstance(kind, dict) and "default" in kind:
        kind = kind["default"]
    told = kind.get("_data", {}) if isinstance(kind, dict) else inside.value("quant_type_kwargs", {})
    name = str(kind.get("_type", "") if isinstance(kind, dict) else kind).lower().replace("_", "")
    weights = re.search(r"(int4|int8|float8)weight", name)
    if weights is None:
        raise _Unknown(f"quant_type = {shown(name or kind)} has no mechanism here")
    return "e4m3/allx1" if weights[1] == "float8" else _affine(name, weights[1], told if isinstance(told, dict) else {})


_AO_GROUPS = {"int4weightonly": 128, "int8dynamicactivationint4": 32, "float8dynamicactivationint4": 128}
"""Inputs that share a scale where a file does not say, by how names of torchao begin; of others, all."""


def _affine(name: str, form: str, told: Mapping[str, object]) -> str:
    usual = next((group for start, group in _AO_GROUPS.items() if name.startswith(start)), None)
    mapping = told.get("mapping_type", "asymmetric" if name.startswith("int4weightonly") else "symmetric")
    zeros = "asymmetric" in str(mapping).lower()
    return _whole(int(form.removeprefix("int")), told.get("group_size", usual), zeros=zeros)


def _modelopt(inside: HfConfig) -> str:
    known = {"FP8": "e4m3", "NVFP4": "nvfp4/16x1", "W4A16_AWQ": "int4/128x1"}
    algo = str(inside.value("quant_algo", "FP8"))
    if algo not in known:
        raise _Unknown(f"quant_algo = {shown(algo)} has no mechanism here; {', '.join(known)} have")
    return known[algo]


def _compressed(inside: HfConfig) -> str:
    if inside.inner("sparsity_config").value("format", "dense") != "dense":
        raise _Unknown("weights that leave out zeros in a pattern have no mechanism here")
    groups = [group for group in inside.inner("config_groups").data.values() if isinstance(group, dict)]
    told = [group["weights"] for group in groups if isinstance(group.get("weights"), dict)]
    if not told:
        raise _Unknown("no group in its config_groups says in which format weights are")
    if len(told) < len(groups) or any(form != told[0] for form in told):
        raise _Unknown("several groups of matrices in formats of their own have no mechanism here")
    form = told[0]
    if form.get("type", "int") == "int":
        return _whole(form.get("num_bits"), form.get("group_size"), zeros=form.get("symmetric") is False)
    kinds, bits = {8: "e4m3", 4: "e2m1"}, form.get("num_bits")
    if type(bits) is not int or bits not in kinds:
        raise _Unknown(f"numbers of {shown(bits)} bits with an exponent have no mechanism here")
    strategy, name = form.get("strategy", "tensor"), kinds[bits]
    if (bits, strategy) == (4, "tensor_group"):
        name = "nvfp4"
    if strategy == "block":
        return f"{name}/{_block(form.get('block_structure'))}"
    shared = {"tensor": "", "channel": "/allx1"}
    return name + shared.get(str(strategy), f"/{_inputs(form.get('group_size'))}x1")


_READERS: Mapping[str, Callable[[HfConfig], str]] = {
    "fp8": _fp8, "fbgemm_fp8": lambda _: "e4m3/allx1", "compressed-tensors": _compressed, "gptq": _gptq, "awq": _awq,
    "auto-round": _gptq, "bitsandbytes": _bitsandbytes, "mxfp4": lambda _: "e2m1/32x1", "quanto": _by_name,
    "eetq": _by_name, "hqq": _hqq, "torchao": _torchao, "modelopt": _modelopt,
}  # fmt: skip
"""By method, how a file of it spells its format."""
_LEFT_OUT = ("modules_to_not_convert", "ignore", "ignored_layers", "llm_int8_skip_modules", "skip_modules",
             "exclude_modules", "linear_weights_not_to_quantize", "modules_to_not_quantize")  # fmt: skip
_NAMES: Mapping[str, Reading] = {
    "compressed-tensors": to_the_letter,
    "awq": anywhere,
    "hqq": behind_layer,
    "modelopt": with_stars,
}
"""By method, how names of what is left out are read, if not as transformers does."""
_CACHES = ("kv_cache_scheme", "kv_cache_quant_algo", "kv_cache_quant_method")
_IDLE = """
    quant_method quant_algo format quantization_status global_compression_ratio version activation_scheme
    activation_scale_ub checkpoint_format meta quantizer damp_percent damp_auto_increment static_groups
    true_sequential model_name_or_path model_file_base_name dataset tokenizer batch_size block_name_to_quantize
    module_name_preceding_first_block cache_block_outputs use_exllama use_cuda_fp16 disable_exllama exllama_config
    max_input_length model_seqlen pad_token_id backend do_fuse fuse_max_seq_len modules_to_fuse activations producer
    bnb_4bit_compute_dtype bnb_4bit_quant_storage bnb_4bit_quant_type bnb_4bit_use_double_quant load_in_8bit
    _load_in_8bit llm_int8_enable_fp32_cpu_offload llm_int8_has_fp16_weight llm_int8_threshold autoround_version
    iters nsamples seqlen low_gpu_mem_usage data_type lr minmax_lr enable_minmax_tuning enable_quanted_input
    gradient_accumulate_steps amp packing_format scale_dtype scale_fmt fmt offload_meta view_as_float
    untie_embedding_weights
"""
"""Keys that change neither which weights are packed nor how, or are looked at elsewhere."""


def _note_rest(inside: HfConfig) -> None:
    """Say what is asked for and not followed: caches of fewer bits, and keys that nothing reads."""
    for key in _CACHES:
        if inside.value(key, None):
            inside.note(key, "is not followed: caches are kept in 16 bits")
    idle = {key for key, value in inside.data.items() if value in (False, [], {})}
    note_unread(inside, {*_IDLE.split(), *_LEFT_OUT, *idle}, within=f"{inside.within[-1]}.")


def _which(config: HfConfig, inside: HfConfig, method: str, layers: int, *, experts: bool) -> str:
    """Return which matrices are packed in most layers: all | attention | ffn; empty: none."""
    budget, key = Budget(), inside.within[-1]
    names, targets = _names(inside, method, layers, budget), _targets(inside, layers, budget)
    kept = []
    for part in PARTS:
        some, left = unpacked(names, targets, part, layers, experts=experts)
        if left <= layers / 2:
            kept.append(part)
            if some:
                what = f"leaves some matrices of {part} of {some} of {layers} layers as they are multiplied"
                config.note(key, f"{what}: they count as packed in all")
        elif left < layers:
            what = f"leaves {part} of {left} of {layers} layers as it is multiplied"
            config.note(key, f"{what}: it counts as left so in all")
    return "all" if len(kept) == len(PARTS) else "".join(kept)


def _names(inside: HfConfig, method: str, layers: int, budget: Budget) -> list[ModuleName]:
    """Return the names that are left out; say which of them fit nothing."""
    told = (inside.value(key, []) for key in _LEFT_OUT)
    texts = (text for each in told if isinstance(each, list) for text in each if isinstance(text, str))
    names = [ModuleName.of(text, _NAMES.get(method, as_transformers), budget) for text in texts]
    if idle := [name.text for name in names if not fits(name, layers)]:
        more = f" and {len(idle) - FEW} more" if len(idle) > FEW else ""
        what = f"leaves out {', '.join(map(shown, idle[:FEW]))}{more}: no matrices of such names are known here"
        letter = ", where names are those of matrices to the letter" if method == "compressed-tensors" else ""
        inside.note(inside.within[-1], f"{what}{letter}, nothing is left out by it")
    return names


def _targets(inside: HfConfig, layers: int, budget: Budget) -> list[ModuleName] | None:
    """Return the names that groups of compressed-tensors are for; None: all matrices."""
    groups = [group for group in inside.inner("config_groups").data.values() if isinstance(group, dict)]
    told = [group.get("targets", ["Linear"]) for group in groups] or [["Linear"]]
    for each in told:
        if not isinstance(each, list) or not each or not all(isinstance(name, str) for name in each):
            raise _Unknown(f"targets = {shown(each)} is no list of names")
    names = [ModuleName.of(text, to_the_letter, budget) for each in told for text in each]
    for name in names:
        # classes begin with a capital
        if name.text != "Linear" and (name.text[:1].isupper() or not fits(name, layers)):
            raise _Unknown(f'targets: which matrices {shown(name.text)} means is not known here; "Linear" means all')
    return None if any(name.text == "Linear" for name in names) else names
