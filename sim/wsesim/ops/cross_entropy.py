"""The loss: how unlikely the model found the labels."""

from wsesim.ops.base import NUMERICS, CoreProgram, Gap, Kind, Recipe, gradient_of

OPS = (
    Kind(
        name="cross_entropy",
        meaning="-log softmax at the label, mean over labels",
        work=Recipe(4, exps=1, row_sums=2),  # a running log-sum-exp
        resident=Gap("inference has no loss"),
        numpy=NUMERICS,
        program=CoreProgram("cross-entropy"),
        differentiable=(0,),
        is_loss=True,
        backward=(gradient_of("cross_entropy", Recipe(4, exps=1), program="cross-entropy-gradient"),),
    ),
)
