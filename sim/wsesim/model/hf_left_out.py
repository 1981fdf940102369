"""Which matrices of layers the names in a quantization config leave out: of a module, of a matrix, or patterns of them.

A part of a layer is left out where its module is named, or all of its matrices are. Of layers with experts, the
feed-forward network is that of the experts that tokens are sent to, which has nearly all of its weights.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """How names tell a part of a layer and its matrices."""

    name: re.Pattern[str]
    """Found in every name of it or of its matrices."""
    module: re.Pattern[str]
    """Found in names of all of it."""
    matrices: Mapping[str, str]
    """By word of a name, the first letters of those matrices that it names."""
    whole: frozenset[str]
    """First letters of the matrices without which nothing of it stays."""


_BLOCK = r"mlp|ffn|feed_forward|moe"
PARTS = {
    "attention": _Part(
        name=re.compile(r"attn|attention|(?<![a-z])(?:[qkvo]|kv|\[qkvo\])(?:_[a-z]+)*_proj|qkv"),
        module=re.compile(r"(?<!c_)(?:attn|attention)$"),
        matrices={**{word: word for word in ("q", "k", "v", "o", "kv", "qk", "qkv", "qkvo")}, "wqkv": "qkv",
                  "wq": "q", "wk": "k", "wv": "v", "wo": "o", "out": "o", "dense": "o"},
        whole=frozenset("qkvo"),
    ),
    "ffn": _Part(
        name=re.compile(rf"{_BLOCK}|expert|gate_proj|up_proj|down_proj|w[123]\b"),
        module=re.compile(rf"(?:(?<!shared_)(?:{_BLOCK})|(?<!shared_)experts(?:\.\d+)?)$"),
        matrices={"up": "u", "down": "d", "w3": "u", "w2": "d", "fc1": "u", "fc2": "d", "wi": "u", "wo": "d"},
        whole=frozenset("ud"),
    ),
}  # fmt: skip
_NEVER = re.compile(r"norm|router|\bgate$|\bgate\.weight$|expert_gate|vision|visual|audio|projector|embed|lm_head")
_ROUTED = re.compile(rf"(?<!shared_)experts|^(?!.*(?:{_BLOCK}|expert))")
_LAYER = re.compile(r"\b(?:layers?|h|blocks?)\.(?:\((?:\?:)?)?(\d+(?:\|\d+)*)\)?(?:\.|$)")


def unpacked(
    names: Iterable[str], targets: Iterable[str] | None, part: str, layers: int, *, experts: bool
) -> tuple[int, int]:  # fmt: skip
    """Return in how many of *layers* a matrix of a part is left out or no target, and in how many all of them are.

    Args:
        names: that are left out.
        targets: that are packed; None: all.
        part: of `PARTS`.
        layers: of the model.
        experts: whether its feed-forward networks are experts that tokens are sent to.
    """
    whole, found = PARTS[part].whole, _named(names, part, layers, experts=experts)
    if targets is not None:
        packed = _named(targets, part, layers, experts=experts)
        for layer in range(layers):
            if rest := whole - packed[layer]:
                found[layer] |= rest
    return len(found), sum(whole <= matrices for matrices in found.values())


def _named(names: Iterable[str], part: str, layers: int, *, experts: bool) -> defaultdict[int, set[str]]:
    """Return the matrices of a part that are named, by layer."""
    how, found = PARTS[part], defaultdict[int, set[str]](set)
    for name in map(_plain, names):
        rest = _LAYER.split(name)[-1]
        if _NEVER.search(name) or (rest and not how.name.search(rest)):
            continue
        for layer in _layers(name, layers):
            found[layer] |= _matrices(rest, how, routed=experts and part == "ffn")
    return found


def fits(name: str, layers: int) -> bool:
    """Return whether a name is known: of matrices of some layer, or of something that is never packed here."""
    plain = _plain(name)
    rest = _LAYER.split(plain)[-1]
    here = bool(_layers(plain, layers)) and (not rest or any(how.name.search(rest) for how in PARTS.values()))
    return here or _NEVER.search(plain) is not None


def readable(name: str, layers: int) -> bool:
    """Return whether a name tells which matrices it means: one with alternatives has to name matrices by them."""
    rest = _LAYER.split(_plain(name))[-1]
    told = any(_matrices(rest, how, routed=False) for how in PARTS.values())
    return fits(name, layers) and ("|" not in rest or told)


def _plain(name: str) -> str:
    """Return a name, or a pattern as if it was one: a point is a point, what may follow is left out."""
    plain = name.removeprefix("re:").replace("\\", "").strip("^$").lower()
    return re.sub(r"(?:\.?\*)+$|\.weight$", "", re.sub(r"^\.\*\.?", "", plain))


def _layers(name: str, layers: int) -> Collection[int]:
    """Return the layers that a name means: all, where it has no numbers of some."""
    numbers = _LAYER.search(name)
    return range(layers) if numbers is None else {int(one) for one in numbers[1].split("|") if int(one) < layers}


def _matrices(rest: str, how: _Part, *, routed: bool) -> frozenset[str]:
    """Return those matrices of a part that a name means, by what follows the layer; nothing: all."""
    if not rest or how.module.search(rest):
        return how.whole
    if routed and not _ROUTED.search(rest):
        return frozenset()
    return frozenset(letter for word in re.findall(r"[a-z0-9]+", rest) for letter in how.matrices.get(word, ""))
