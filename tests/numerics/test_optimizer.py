"""AdamW and schedules against their formulas, written out, and against torch where it is there."""

import math
from typing import Any

import numpy as np
import pytest

from wsesim.errors import SpecError
from wsesim.graph import Op
from wsesim.numerics.arrays import Array
from wsesim.numerics.functions import Setting, function_of
from wsesim.numerics.optimizer import AdamW, Schedule

COSINE = Schedule(peak=1e-2, warmup=5, decay=40, end=0.1)
LINEAR = Schedule(peak=1e-2, warmup=5, decay=40, end=0.1, shape="linear")
ADAMW = Op(name="op", kind="adamw", inputs=("w", "g", "m", "v"), outputs=("w'", "m'", "v'"), attrs={"decays": True})


def test_the_rate_climbs_in_a_line_and_comes_down() -> None:
    assert [LINEAR.rate(step) for step in (1, 5, 25, 45, 99)] == pytest.approx([2e-3, 1e-2, 5.5e-3, 1e-3, 1e-3])
    assert [COSINE.rate(step) for step in (1, 5, 25, 45, 99)] == pytest.approx([2e-3, 1e-2, 5.5e-3, 1e-3, 1e-3])
    assert COSINE.rate(15) == pytest.approx(1e-3 + 9e-3 * 0.5 * (1 + math.cos(math.pi / 4)))
    assert Schedule(peak=0.5).rate(1) == Schedule(peak=0.5).rate(10**6) == 0.5


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Schedule(peak=0), "peak must be positive"),
        (lambda: Schedule(peak=1, shape="step"), "shape must be cosine or linear, got 'step'"),
        (lambda: AdamW(schedule=COSINE, beta2=1.0), "beta2 must be at least 0 and below 1"),
        (lambda: AdamW(schedule=COSINE, clip=0.0), "clip must be positive"),
        (lambda: AdamW(schedule=COSINE).scalars(0, 1.0), "step is counted from 1, got 0"),
    ],
)
def test_nonsense_is_refused(make: Any, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        make()


def test_a_large_norm_is_clipped_and_a_small_one_is_not() -> None:
    optimizer = AdamW(schedule=COSINE, clip=2.0)
    assert optimizer.scalars(1, 8.0)["gradient_scale"] == pytest.approx(0.25, rel=1e-6)
    assert optimizer.scalars(1, 1.0)["gradient_scale"] == 1.0
    assert optimizer.scalars(1, 1.0, loss_scale=16.0)["gradient_scale"] == 1 / 16
    assert AdamW(schedule=COSINE, clip=None).scalars(1, 1e9)["gradient_scale"] == 1.0


def test_a_number_of_the_run_that_is_missing_is_named() -> None:
    arrays = [np.zeros(2) for _ in range(4)]
    with pytest.raises(SpecError, match="learning_rate is needed for this run and not given"):
        function_of(ADAMW)(ADAMW, arrays, Setting())


def run(steps: int, schedule: Schedule, dtype: Any, clip: float) -> list[Array]:
    """Two weights, one of which decays, after some steps of drawn gradients."""
    draw = np.random.default_rng(3)
    optimizer = AdamW(schedule=schedule, clip=clip)
    weights = [draw.normal(size=shape).astype(dtype) for shape in ((7, 5), (5,))]
    moments = [[np.zeros_like(weight) for _ in range(2)] for weight in weights]
    norm = Op(name="norm", kind="norm", inputs=("g", "h"), outputs=("n",))
    for step in range(1, steps + 1):
        gradients = [draw.normal(size=weight.shape).astype(dtype) for weight in weights]
        (square,) = function_of(norm)(norm, gradients, Setting())
        scalars = optimizer.scalars(step, math.sqrt(square[0]))
        for decays, weight, gradient, state in zip((True, False), weights, gradients, moments, strict=True):
            op = Op(name="op", kind="adamw", inputs=ADAMW.inputs, outputs=ADAMW.outputs, attrs={"decays": decays})
            results = function_of(op)(op, [weight, gradient, *state], Setting(scalars=scalars))
            assert results[0] is weight
    return weights


@pytest.mark.parametrize("schedule", [COSINE, LINEAR], ids=["cosine", "linear"])
@pytest.mark.parametrize("steps", [1, 10, 100])
def test_weights_are_those_of_the_formula(steps: int, schedule: Schedule) -> None:
    """Kingma and Ba's algorithm 1 with the decay beside it, number by number."""
    found = run(steps, schedule, np.float64, clip=1.0)
    draw = np.random.default_rng(3)
    weights = [draw.normal(size=shape).ravel().tolist() for shape in ((7, 5), (5,))]
    m, v = ([[0.0] * len(weight) for weight in weights] for _ in range(2))
    for step in range(1, steps + 1):
        gradients = [draw.normal(size=len(weight)).tolist() for weight in weights]
        norm = math.sqrt(sum(g * g for gradient in gradients for g in gradient))
        rate = schedule.rate(step)
        for which, decay in ((0, 0.1), (1, 0.0)):
            for at, raw in enumerate(gradients[which]):
                g = raw * min(1.0, 1.0 / (norm + 1e-6))
                m[which][at] = 0.9 * m[which][at] + 0.1 * g
                v[which][at] = 0.95 * v[which][at] + 0.05 * g * g
                mean, square = m[which][at] / (1 - 0.9**step), v[which][at] / (1 - 0.95**step)
                weights[which][at] -= rate * (decay * weights[which][at] + mean / (math.sqrt(square) + 1e-8))
    for array, wanted in zip(found, weights, strict=True):
        np.testing.assert_allclose(array.ravel(), wanted, rtol=1e-11, atol=1e-12)


@pytest.mark.oracle
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("schedule", [COSINE, LINEAR], ids=["cosine", "linear"])
@pytest.mark.parametrize(("dtype", "exact"), [(np.float64, 1e-11), (np.float32, 1e-5)])
@pytest.mark.parametrize("steps", [1, 10, 100])
def test_weights_are_those_of_torch(steps: int, dtype: Any, exact: float, schedule: Schedule) -> None:
    torch = pytest.importorskip("torch")
    found = run(steps, schedule, dtype, clip=1.0)
    draw = np.random.default_rng(3)
    weights = [torch.nn.Parameter(torch.from_numpy(draw.normal(size=shape).astype(dtype))) for shape in ((7, 5), (5,))]
    groups = [{"params": [weights[0]], "weight_decay": 0.1}, {"params": [weights[1]], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1.0, betas=(0.9, 0.95), eps=1e-8)
    for step in range(1, steps + 1):
        for weight in weights:
            weight.grad = torch.from_numpy(draw.normal(size=tuple(weight.shape)).astype(dtype))
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate(step)
        optimizer.step()
    for array, wanted in zip(found, weights, strict=True):
        assert float(np.abs(array - wanted.detach().numpy()).max()) <= exact * float(np.abs(array).max())
