"""Linear layers: a token times a matrix, one for all or each expert's own, and what comes back through them."""

from wsesim.ops.base import INNER, NUMERICS, CoreProgram, Kernel, Kind, Recipe, gradient_of


def _backward(name: str, whose: str, tokens: str) -> tuple[Kind, Kind]:
    """Return the gradients of the input, which go on down the sweep, and of the weight, which leave the wafer."""
    return (
        gradient_of(
            name, Kernel("linear_grad_input"), suffix="grad_input", meaning=f"gradient @ weight^T{whose}",
            program="stream-gemm", matrix=True,
        ),
        gradient_of(
            name, Kernel("linear_grad_weight"), suffix="grad_weight", meaning=f"x^T @ gradient{tokens}",
            program="stream-gradient", matrix=True,
        ),
    )  # fmt: skip


OPS = (
    Kind(
        name="linear",
        meaning="x @ weight + bias",
        work=Kernel("linear"),
        resident=Kernel("matvec", Recipe(1)),  # the addition of a bias to each output, where there is one
        numpy=NUMERICS,
        program=CoreProgram("stream-gemm"),
        matrix=True,
        differentiable=(0, 1, 2),
        sums_along=INNER,
        backward=_backward("linear", "", ", and its column sums for the bias"),
    ),
    Kind(
        name="expert_linear",
        meaning="x @ weight + bias, of each token's expert",
        work=Kernel("linear"),
        resident=Kernel("matvec", Recipe(1)),
        numpy=NUMERICS,
        program=CoreProgram("stream-gemm"),
        matrix=True,
        differentiable=(0, 1, 3),
        sums_along=INNER,
        backward=_backward("expert_linear", " of each token's expert", " over each expert's tokens"),
    ),
)
