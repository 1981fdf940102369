"""Around a mixture of experts: which expert gets a token, and its way there and back (Jiang et al. 2024)."""

from wsesim.ops.base import NUMERICS, Gap, Kernel, Kind, Recipe, gradient_of

_PROGRAM = Gap("no core program moves tokens between rows")

_GROUPED = Recipe(9, exps=1, divides=1, row_sums=3)
"""What `route` does; the best of each group, the best of these, and the factor."""

OPS = (
    Kind(
        name="weigh",
        meaning="x * sigmoid(logit of the token)",
        work=Recipe(1),  # the sigmoid, one a token, is not counted
        resident=Recipe(1),
        numpy=NUMERICS,
        program=Gap("no core program: one vector instruction, and a number a token"),
        differentiable=(0, 1),
        backward=(gradient_of("weigh", Recipe(3, row_sums=1)),),
    ),
    Kind(
        name="route",
        meaning="softmax over the largest logits, 0 elsewhere",
        work=Recipe(6, exps=1, divides=1, row_sums=2),
        resident=Recipe(6, exps=1, divides=1, row_sums=2),
        numpy=NUMERICS,
        program=Gap("no core program picks the largest of many"),
        differentiable=(0,),
        needs=(),
        needs_output=True,
        backward=(gradient_of("route", Recipe(4, row_sums=1)),),
    ),
    Kind(
        name="route_all",
        meaning="softmax over all logits, 0 where not among the largest",
        work=Recipe(6, exps=1, divides=1, row_sums=2),
        resident=Recipe(6, exps=1, divides=1, row_sums=2),
        numpy=NUMERICS,
        program=Gap("no core program picks the largest of many"),
        differentiable=(0,),
        # The softmax once more, of which the gates keep a part; then as for route.
        backward=(gradient_of("route_all", Recipe(10, exps=1, divides=1, row_sums=2)),),
    ),
    Kind(
        name="route_grouped",
        meaning="shares (softmax or sigmoid) of the best experts of the best groups, 0 elsewhere, times a factor",
        work=_GROUPED,
        resident=_GROUPED,
        numpy=NUMERICS,
        program=Gap("no core program picks the largest of many"),
        differentiable=(0,),
        # The shares once more, of which the gates keep a part; then as for route.
        backward=(gradient_of("route_grouped", Recipe(10, exps=1, divides=1, row_sums=2)),),
    ),
    Kind(
        name="dispatch",
        meaning="each token to its experts",
        work=Kernel("exchange", Recipe(1)),  # a copy
        resident=Kernel("exchange", Recipe(1)),
        numpy=NUMERICS,
        program=_PROGRAM,
        differentiable=(0,),
        needs=(1,),
        backward=(gradient_of("dispatch", Kernel("exchange", Recipe(2))),),  # added to what came before
    ),
    Kind(
        name="combine",
        meaning="sum of what a token's experts made of it, by weight",
        work=Kernel("exchange", Recipe(2)),  # times the gate, and add
        resident=Kernel("exchange", Recipe(2)),
        numpy=NUMERICS,
        program=_PROGRAM,
        differentiable=(0, 1),
        # Times the gate; and the gate's gradient, a product summed over the row, one for each expert of a token.
        backward=(gradient_of("combine", Kernel("exchange", Recipe(3, row_sums=1))),),
    ),
)
