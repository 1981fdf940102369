"""What a graph is collected with, block by block: tensors, ops, and the few patterns that its parts share."""

from __future__ import annotations

from dataclasses import dataclass, field

from wsesim.graph import Attribute, Block, Op, Tensor
from wsesim.model.spec import ModelSpec
from wsesim.ops import chosen, find

STREAM = ("batch", "length", "width")
ADAPTER = ".adapter."
"""In the names of what an adapter is made of."""


def norm_attrs(model: ModelSpec) -> dict[str, Attribute]:
    """Return what norms are told beside their weights."""
    less: dict[str, Attribute] = {"stored_less": model.stored_less} if model.stored_less else {}
    return {"epsilon": model.norm_epsilon, **less}


@dataclass(frozen=True, slots=True)
class Form:
    """What is built of a model."""

    dtype: str
    padded: bool
    """Whether a mask says which tokens count."""
    cached: bool
    """Whether keys and values of tokens before come from a cache."""
    loss: bool
    """Whether it ends in losses, or in logits."""


@dataclass(slots=True)
class BlockBuilder:
    """Collects tensors and ops of one block; `x` names flow from call to call."""

    name: str
    form: Form
    repeat: int = 1
    inputs: tuple[str, ...] = ()
    density: float = 1.0
    """Of the weights of linear layers."""
    room: float = 1.0
    """Of tokens at their experts."""
    packed: str = ""
    """How matrices of layers are kept."""
    packs: tuple[str, ...] = ()
    """What the names of those begin with that are kept so."""
    adapts: tuple[str, ...] = ()
    """Linear layers beside which an adapter is learned."""
    adapter_scale: float = 1.0
    frozen: bool = False
    """Whether all but adapters stays as it is in training."""
    tensors: dict[str, Tensor] = field(default_factory=dict)
    ops: list[Op] = field(default_factory=list)

    def tensor(
        self, name: str, axes: tuple[str, ...], role: str = "activation", of: str | None = None, density: float = 1.0,
        frozen: bool = False, packed: str = "",
    ) -> str:  # fmt: skip
        """Add a tensor and return its name."""
        dtype = {"tokens": "int32", "loss": "fp32"}.get(role, self.form.dtype)
        room = self.room if "chosen" in axes else 1.0
        self.tensors[name] = Tensor(
            name=name, axes=axes, role=role, dtype=dtype, of=of, density=density, room=room,
            packed=packed, frozen=frozen or (role == "weight" and self.frozen and ADAPTER not in name),
        )  # fmt: skip
        return name

    def mask(self) -> tuple[str, ...]:
        """Return what an op reads beside, where not all tokens count."""
        return (self.tensor("mask", ("batch", "keys"), "tokens"),) if self.form.padded else ()

    def weight(
        self, name: str, *axes: str, of: str | None = None, density: float = 1.0, frozen: bool = False,
        packed: str = "",
    ) -> str:  # fmt: skip
        """Add a weight and return its name."""
        return self.tensor(name, axes, "weight", of, density, frozen, packed)

    def _packed(self, name: str) -> str:
        """Return how the matrix of a layer is kept."""
        return self.packed if name.startswith(self.packs) else ""

    def op(self, name: str, kind: str, inputs: tuple[str, ...], axes: tuple[str, ...], **attrs: Attribute) -> str:
        """Add an op and return the name of its output."""
        role = "loss" if find(kind).is_loss else "activation"
        output = self.tensor(f"{name}.out", axes, role)
        self.ops.append(Op(name=name, kind=kind, inputs=inputs, outputs=(output,), attrs=attrs))
        return output

    def linear(self, name: str, x: str, axes: tuple[str, str], *, bias: bool, density: float | None = None) -> str:
        """Add a linear layer and return the name of its output; one of a *density* of its own is never packed."""
        packed = self._packed(name) if density is None else ""
        density = self.density if density is None else density
        parts = [x, self.weight(f"{name}.weight", *axes, density=density, packed=packed)]
        if bias:
            parts.append(self.weight(f"{name}.bias", axes[1]))
        given = self.op(name, "linear", tuple(parts), (*self.tensors[x].axes[:-1], axes[1]))
        return self._adapted(name, x, axes, given) if name in self.adapts else given

    def _adapted(self, name: str, x: str, axes: tuple[str, str], given: str) -> str:
        """Add what an adapter beside a linear layer gives: down to its rank, up again, times its scale."""
        names = (f"{name}{ADAPTER}down", f"{name}{ADAPTER}up")
        low = self.linear(names[0], x, (axes[0], "rank"), bias=False, density=1.0)
        high = self.linear(names[1], low, ("rank", axes[1]), bias=False, density=1.0)
        high = self.scaled(f"{name}{ADAPTER}scale", high, self.adapter_scale)
        return self.op(f"{name}{ADAPTER}sum", "residual", (given, high), self.tensors[given].axes)

    def expert_linear(self, name: str, x: str, gates: str, axes: tuple[str, str], model: ModelSpec) -> str:
        """Add a linear layer of each expert and return the name of its output."""
        packed = self._packed(name)
        parts = [x, self.weight(f"{name}.weight", "experts", *axes, density=self.density, packed=packed), gates]
        if model.bias:
            parts.append(self.weight(f"{name}.bias", "experts", axes[1]))
        return self.op(name, "expert_linear", tuple(parts), (*self.tensors[x].axes[:-1], axes[1]))

    def norm(self, name: str, x: str, model: ModelSpec) -> str:
        """Add a norm of the model's kind and return the name of its output."""
        kind = chosen("norm", model.norm)
        weights = (self.weight(f"{name}.{part}", "width") for part in kind.weights)
        return self.op(name, kind.name, (x, *weights), self.tensors[x].axes, **norm_attrs(model))

    def scaled(self, name: str, x: str, factor: float) -> str:
        """Return *x* times *factor*; a factor of one is no op."""
        return x if factor == 1 else self.op(name, "scale", (x,), self.tensors[x].axes, factor=factor)

    def capped(self, name: str, kind: str, x: str, cap: float, **attrs: Attribute) -> str:
        """Return *x* within *cap*; none is no op."""
        return self.op(name, kind, (x,), self.tensors[x].axes, cap=cap, **attrs) if cap else x

    def residual(self, name: str, x: str, added: str, model: ModelSpec) -> str:
        """Add what a half gives to the stream, and return the name of the sum."""
        return self.op(name, "residual", (x, self.scaled(f"{name}.scale", added, model.residual_scale)), STREAM)

    def finish(self, *outputs: str) -> Block:
        """Return the block."""
        return Block(
            name=self.name, repeat=self.repeat, tensors=self.tensors, ops=tuple(self.ops), inputs=self.inputs,
            outputs=outputs,
        )  # fmt: skip
