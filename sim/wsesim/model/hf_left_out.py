"""Which matrices of layers the names in a quantization config leave out: of a module, of a matrix, or patterns of them.

What begins with `re:` is a regular expression, followed over the names that matrices have in files, as libraries do;
other names may have `*` for a number, and mean what they are a part of.
A part of a layer is left out where its module is named, or all of its matrices are. Of layers with experts, the
feed-forward network is that of the experts that tokens are sent to, which has nearly all of its weights.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from wsesim.model.hf_patterns import Budget, Pattern


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
    stored: Mapping[str, str]
    """By name of a matrix in files, behind its layer, its first letters."""


_WAYS = ("gate_proj", "up_proj", "down_proj")
_BLOCK = r"mlp|ffn|feed_forward|moe"
PARTS = {
    "attention": _Part(
        name=re.compile(r"attn|attention|(?<![a-z])(?:[qkvo]|kv|\[qkvo\])(?:_[a-z]+)*_proj|qkv"),
        module=re.compile(r"(?<!c_)(?:attn|attention)$"),
        matrices={**{word: word for word in ("q", "k", "v", "o", "kv", "qk", "qkv", "qkvo")}, "wqkv": "qkv",
                  "wq": "q", "wk": "k", "wv": "v", "wo": "o", "out": "o", "dense": "o"},
        whole=frozenset("qkvo"),
        stored={f"self_attn.{name}": letters for name, letters in (
            ("q_proj", "q"), ("k_proj", "k"), ("v_proj", "v"), ("o_proj", "o"), ("qkv_proj", "qkv"), ("q_a_proj", "q"),
            ("q_b_proj", "q"), ("kv_a_proj_with_mqa", "kv"), ("kv_b_proj", "kv"))},
    ),
    "ffn": _Part(
        name=re.compile(rf"{_BLOCK}|expert|gate_proj|up_proj|down_proj|w[123]\b"),
        module=re.compile(rf"(?:(?<!shared_)(?:{_BLOCK})|(?<!shared_)experts(?:\.\d+)?)$"),
        matrices={"up": "u", "down": "d", "w3": "u", "w2": "d", "fc1": "u", "fc2": "d", "wi": "u", "wo": "d"},
        whole=frozenset("ud"),
        stored={**{f"mlp.{name}": name[0] for name in _WAYS}, "mlp.gate_up_proj": "u"},
    ),
}  # fmt: skip
_NEVER = re.compile(r"norm|router|\bgate$|\bgate\.weight$|expert_gate|vision|visual|audio|projector|embed|lm_head")
_ROUTED = re.compile(rf"(?<!shared_)experts|^(?!.*(?:{_BLOCK}|expert))")
_EXPERTS = {
    **{f"mlp.experts.0.{name}": name[0] for name in _WAYS}, "mlp.experts.gate_up_proj": "u",
    "mlp.experts.down_proj": "d", "block_sparse_moe.experts.0.w2": "d", "block_sparse_moe.experts.0.w3": "u",
    **{f"mlp.shared_expert{end}.{name}": "" for end in ("", "s") for name in _WAYS},
}  # fmt: skip
"""The same of experts that tokens are sent to; those that all tokens share are known, and none of these."""
_BEFORE = ("model.layers.", "language_model.model.layers.", "model.language_model.layers.", "transformer.h.")
"""What stands before the number of a layer; where a pattern means none of the first, those that it speaks of are
tried."""
_NUMBERED = re.compile(r"\d|[\[{]|\\[a-zA-Z]|\.[.?]|\(\?[=!]")
"""Found in patterns that may mean some layers and not others."""
_LAYER = re.compile(r"\b(?:layers?|h|blocks?)\.(?:\((?:\?:)?)?(\d+(?:\|\d+)*)\)?(?:\.|$)")


@dataclass(frozen=True, slots=True)
class ModuleName:
    """A name in a quantization config."""

    text: str
    pattern: Pattern | None

    @classmethod
    def of(cls, text: str, budget: Budget) -> ModuleName:
        """Return the name *text*; one that begins with `re:` is followed by *budget*.

        Raises:
            PatternError: it is an expression that is not followed.
        """
        return cls(text, Pattern(text.removeprefix("re:"), budget) if text.startswith("re:") else None)


def unpacked(
    names: Iterable[ModuleName], targets: Iterable[ModuleName] | None, part: str, layers: int, *, experts: bool
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


def _named(names: Iterable[ModuleName], part: str, layers: int, *, experts: bool) -> defaultdict[int, set[str]]:
    """Return the matrices of a part that are named, by layer."""
    how, found = PARTS[part], defaultdict[int, set[str]](set)
    stored = _EXPERTS if experts and part == "ffn" else how.stored
    for named in names:
        if named.pattern:
            for layer, letters in _described(named.pattern, stored, layers):
                found[layer] |= letters
            continue
        name = _plain(named.text)
        rest = _LAYER.split(name)[-1]
        if _NEVER.search(name) or (rest and not how.name.search(rest)):
            continue
        for layer in _layers(name, layers):
            found[layer] |= _matrices(rest, how, routed=experts and part == "ffn")
    return found


def _described(pattern: Pattern, stored: Mapping[str, str], layers: int) -> Iterator[tuple[int, frozenset[str]]]:
    """Yield the layers of which an expression describes matrices, and which."""
    numbered = _NUMBERED.search(pattern.text) is not None
    for before in (each for each in _BEFORE if each == _BEFORE[0] or each.partition(".")[0] in pattern.text):
        some = False
        for layer in range(layers if numbered else 1):
            meant = [each for name, each in stored.items() if pattern.begins(f"{before}{layer}.{name}")]
            if meant:
                some = True
                letters = frozenset("".join(meant))
                yield from ((each, letters) for each in ([layer] if numbered else range(layers)))
        if some:
            return


def fits(name: ModuleName, layers: int) -> bool:
    """Return whether a name is known: of matrices of some layer, or of something that is never packed here."""
    if name.pattern:
        known = (*(how.stored for how in PARTS.values()), _EXPERTS)
        some = any(next(_described(name.pattern, stored, layers), None) for stored in known)
        return some or _NEVER.search(name.text.lower()) is not None
    plain = _plain(name.text)
    rest = _LAYER.split(plain)[-1]
    here = bool(_layers(plain, layers)) and (not rest or any(how.name.search(rest) for how in PARTS.values()))
    return here or _NEVER.search(plain) is not None


def _plain(name: str) -> str:
    """Return a name as if it was no pattern: a point is a point, what may follow is left out."""
    plain = name.replace("\\", "").strip("^$").lower()
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
