"""GELU by the error function: x * Phi(x), Phi being the normal distribution."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi, sqrt

import numpy as np

from wsesim.graph import Op
from wsesim.numerics.arrays import Array
from wsesim.numerics.erf import erf
from wsesim.numerics.functions import Setting, by_chunks, computes


@computes("gelu")
def gelu(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    """Return x * Phi(x)."""
    return by_chunks(_gelu, inputs, setting)


@computes("gelu_backward")
def gelu_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    """Return gradient * (Phi(x) + x * density(x))."""
    return by_chunks(_gelu_backward, inputs, setting)


@computes("gelu_gate")
def gelu_gate(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    """Return gelu(gate) * up."""
    return by_chunks(lambda gate, up: _gelu(gate) * up, inputs, setting)


@computes("gelu_gate_backward")
def gelu_gate_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, ...]:
    """Return the gradients of gate and of up."""
    return by_chunks(_gelu_gate_backward, inputs, setting, outputs=2)


def _gelu_gate_backward(gradient: Array, gate: Array, up: Array) -> tuple[Array, Array]:
    return _gelu_backward(gradient * up, gate), gradient * _gelu(gate)


def _gelu(x: Array) -> Array:
    y = _phi(x)
    y *= x
    return y


def _gelu_backward(gradient: Array, x: Array) -> Array:
    density = x * x
    density *= -0.5
    np.exp(density, out=density)
    density *= 1 / sqrt(2 * pi)
    density *= x
    density += _phi(x)
    density *= gradient
    return density


def _phi(x: Array) -> Array:
    phi = erf(x * sqrt(0.5))
    phi += 1
    phi *= 0.5
    return phi
