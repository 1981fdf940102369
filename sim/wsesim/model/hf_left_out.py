"""Which matrices of layers the names in a quantization config leave out, followed over the names that matrices have.

What begins with `re:` is a regular expression, as a name begins. What other names mean depends on who reads them:

    compressed-tensors   `match_name`: a matrix's name to the letter
    transformers 4, 5    `should_convert_module`: an expression, as a name begins; or how one ends; or a part before a
                         point
    AutoAWQ              `exclude_layers_to_not_quantize`: anything that stands in a name
    HQQ                  `get_linear_tags`: a name to the letter, behind its layer
    ModelOpt             with `*` as file names are matched, else as AutoAWQ

A part of a layer is left out where all of its matrices are. Of layers with experts, the feed-forward network is that of
the experts that tokens are sent to, which has nearly all of its weights; the first of them stands for all.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from wsesim.model.hf_patterns import Budget, Pattern

Matches = Callable[[str], bool]
Reading = Callable[[str, Budget], Matches]
"""Makes of a name in a config a test of names of matrices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Style:
    """How files of some families name the matrices of a layer."""

    before: tuple[str, ...]
    """What stands before the number of a layer. Where the first is not meant, those are tried that a name speaks of."""
    attention: Mapping[str, str]
    """By name behind the layer, what it is in letters."""
    ffn: Mapping[str, str]
    words: str = ""
    """By which a name speaks of it; none: it is tried first."""

    def of(self, part: str, *, experts: bool) -> Mapping[str, str]:
        """Return the matrices of a part, or of its experts."""
        return self.attention if part == "attention" else _EXPERTS if experts else self.ffn


_WAYS = ("gate_proj", "up_proj", "down_proj")
_EXPERTS = {
    **{f"mlp.experts.0.{name}": name[0] for name in _WAYS}, "mlp.experts.gate_up_proj": "u",
    "mlp.experts.down_proj": "d", "block_sparse_moe.experts.0.w1": "g", "block_sparse_moe.experts.0.w2": "d",
    "block_sparse_moe.experts.0.w3": "u",
    **{f"mlp.shared_expert{end}.{name}": "" for end in ("", "s") for name in _WAYS},
}  # fmt: skip
"""The same of experts that tokens are sent to; those that all tokens share are known, and none of these."""
PARTS: Mapping[str, frozenset[str]] = {"attention": frozenset("qkvo"), "ffn": frozenset("ud")}
"""By part of a layer, the matrices without which nothing of it stays."""
_STYLES = (
    _Style(  # Llama and most others
        before=("model.layers.", "language_model.model.layers.", "model.language_model.layers."),
        attention={f"self_attn.{name}": letters for name, letters in (
            ("q_proj", "q"), ("k_proj", "k"), ("v_proj", "v"), ("o_proj", "o"), ("qkv_proj", "qkv"), ("q_a_proj", "q"),
            ("q_b_proj", "q"), ("kv_a_proj_with_mqa", "kv"), ("kv_b_proj", "kv"))},
        ffn={**{f"mlp.{name}": name[0] for name in _WAYS}, "mlp.gate_up_proj": "u"},
    ),
    _Style(  # OPT, Phi 1 and 2
        words="decoder fc1 fc2 out_proj dense", before=("model.decoder.layers.", "model.layers."),
        attention={"self_attn.q_proj": "q", "self_attn.k_proj": "k", "self_attn.v_proj": "v", "self_attn.out_proj": "o",
                   "self_attn.dense": "o"},
        ffn={"fc1": "u", "fc2": "d", "mlp.fc1": "u", "mlp.fc2": "d"},
    ),
    _Style(  # GPT-2, GPT-J
        words="h attn c_attn c_proj c_fc fc_in fc_out out_proj", before=("transformer.h.",),
        attention={"attn.c_attn": "qkv", "attn.c_proj": "o", "attn.q_proj": "q", "attn.k_proj": "k", "attn.v_proj": "v",
                   "attn.out_proj": "o"},
        ffn={"mlp.c_fc": "u", "mlp.c_proj": "d", "mlp.fc_in": "u", "mlp.fc_out": "d"},
    ),
    _Style(  # GPT-NeoX, BLOOM, Falcon
        words="gpt_neox h attention self_attention query_key_value dense dense_h_to_4h dense_4h_to_h",
        before=("gpt_neox.layers.", "transformer.h."),
        attention={f"{block}.{name}": letters for block in ("attention", "self_attention") for name, letters in (
            ("query_key_value", "qkv"), ("dense", "o"))},
        ffn={"mlp.dense_h_to_4h": "u", "mlp.dense_4h_to_h": "d"},
    ),
    _Style(  # MPT
        words="blocks ffn attn Wqkv out_proj", before=("transformer.blocks.",),
        attention={"attn.Wqkv": "qkv", "attn.out_proj": "o"},
        ffn={"ffn.up_proj": "u", "ffn.down_proj": "d"},
    ),
)  # fmt: skip
_NEVER = re.compile(r"norm|router|\bgate$|\bgate\.weight$|expert_gate|vision|visual|audio|projector|embed|lm_head")
_NUMBERED = re.compile(r"\d|[\[{]|\\[a-zA-Z]|\.[.?]|\(\?[=!]")
"""Found in expressions that may mean some layers and not others."""
_NUMBER = re.compile(r"(?<![\w-])\d+(?![\w-])")
"""The same in names that are none."""
_ONE_LAYER = re.compile(r"\b(?:layers|h|blocks)\.(\d+)\.(?=[a-z])")
_OTHER_EXPERT = re.compile(r"experts\.[1-9]")
"""Found in names of experts for which the first stands."""
_TRIED = 4
"""Steps that a name counts for which is tried."""
_WORD = re.compile(r"\w+", re.ASCII)
_LITERAL = re.compile(r"[\w.-]+", re.ASCII)


def to_the_letter(text: str, _: Budget) -> Matches:
    """Read a name as compressed-tensors does."""
    return text.__eq__


def as_transformers(text: str, budget: Budget) -> Matches:
    """Read a name as transformers does: version 5 at both ends, versions before also as a part before a point.

    Raises:
        PatternError: it is an expression that is not followed.
    """
    begins = (lambda name: name.startswith(text)) if _LITERAL.fullmatch(text) else Pattern(text, budget).begins
    return lambda name: begins(name) or name.endswith(text) or f"{text}." in name


def anywhere(text: str, _: Budget) -> Matches:
    """Read a name as AutoAWQ does."""
    return lambda name: text in name


def behind_layer(text: str, _: Budget) -> Matches:
    """Read a name as HQQ does."""
    return lambda name: re.sub(r"^.*?\.\d+\.", "", name) == text


def with_stars(text: str, budget: Budget) -> Matches:
    """Read a name as ModelOpt does.

    Raises:
        PatternError: it is too long.
    """
    if "*" not in text:
        return anywhere(text, budget)
    return Pattern(".*".join(map(re.escape, text.split("*"))) + "$", budget).begins


@dataclass(frozen=True, slots=True)
class ModuleName:
    """A name in a quantization config."""

    text: str
    matches: Matches
    budget: Budget

    @classmethod
    def of(cls, text: str, reading: Reading, budget: Budget) -> ModuleName:
        """Return the name *text* as *reading* has it; an expression is followed by *budget*.

        Raises:
            PatternError: it is an expression that is not followed.
        """
        if text.startswith("re:"):
            return cls(text, Pattern(text.removeprefix("re:"), budget).begins, budget)
        return cls(text, reading(text.removesuffix(".weight"), budget) if text else lambda _: False, budget)

    def layers(self, layers: int) -> Collection[int]:
        """Return the layers of which names are tried: that which it says, the first for all, or each."""
        if found := _ONE_LAYER.search(self.text):
            return range(int(found[1]), int(found[1]) + 1) if int(found[1]) < layers else ()
        return range(layers if self.numbered else 1)

    @property
    def numbered(self) -> bool:
        """Whether it may mean some layers and not others."""
        return (_NUMBER if _LITERAL.fullmatch(self.text) else _NUMBERED).search(self.text) is not None


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
    whole, found = PARTS[part], _named(names, part, layers, experts=experts)
    if targets is not None:
        packed = _named(targets, part, layers, experts=experts)
        for layer in range(layers):
            if rest := whole - packed[layer]:
                found[layer] |= rest
    return len(found), sum(whole <= matrices for matrices in found.values())


def _named(names: Iterable[ModuleName], part: str, layers: int, *, experts: bool) -> defaultdict[int, set[str]]:
    """Return the matrices of a part that are named, by layer."""
    found = defaultdict[int, set[str]](set)
    for name in (name for name in names if not _OTHER_EXPERT.search(name.text)):
        for layer, letters in _meant(name, part, layers, experts=experts):
            found[layer] |= letters
    return found


def _meant(name: ModuleName, part: str, layers: int, *, experts: bool) -> Iterator[tuple[int, set[str]]]:
    """Yield the layers of which a name means matrices of a part, and which."""
    for before, stored in _ways(name, part, experts=experts):
        some = False
        for layer in name.layers(layers):
            name.budget.spend(_TRIED * len(stored))
            if meant := [letters for each, letters in stored.items() if name.matches(f"{before}{layer}.{each}")]:
                some = True
                yield from ((each, set("".join(meant))) for each in ([layer] if name.numbered else range(layers)))
        if some:
            return


def _ways(name: ModuleName, part: str, *, experts: bool) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield how matrices of a part may be named in a file that has a name: what stands before, and behind."""
    words = set(_WORD.findall(name.text))
    for style in _STYLES:
        if not style.words or words.intersection(style.words.split()):
            first, *others = style.before
            for before in (first, *(each for each in others if each.partition(".")[0] in name.text)):
                yield before, style.of(part, experts=experts)


def fits(name: ModuleName, layers: int) -> bool:
    """Return whether a name is known: of matrices of some layer, or of something that is never packed here."""
    if _NEVER.search(name.text.lower()) or _OTHER_EXPERT.search(name.text):
        return True
    parts = (("attention", False), ("ffn", False), ("ffn", True))
    return any(next(_meant(name, part, layers, experts=experts), None) for part, experts in parts)
