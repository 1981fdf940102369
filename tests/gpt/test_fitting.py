"""Learning: what it does to weights is what steps of the graph do, however batches are cut."""

from typing import Any

import numpy as np
import pytest
from tests.gpt.test_module import IDS, LENGTH, gpt

from wsesim.errors import InputError, SpecError
from wsesim.gpt import AdamW, CerebrasGPT, Schedule
from wsesim.graph import with_training
from wsesim.model import build_graph
from wsesim.numerics import NamedArrays, step, stored_tensors, token_inputs

MASK = np.ones_like(IDS)
MASK[0, :2], MASK[2, 3:] = 0, 0
DATA = {"input_ids": IDS, "attention_mask": MASK}
CLASSES = {**DATA, "labels": [0, 1, 2, 0]}


def same(one: CerebrasGPT, other: CerebrasGPT, exact: float) -> None:
    for name, array in one.parameters().items():
        np.testing.assert_allclose(array, other.parameters()[name], rtol=0, atol=exact)


def test_a_fit_is_steps_of_the_graph() -> None:
    model, optimizer = gpt(dtype="float64"), AdamW(schedule=Schedule(peak=1e-2, warmup=2))
    graph = with_training(build_graph(model.model, sequences=len(IDS), length=LENGTH, precision="fp32", padded=True))
    arrays = NamedArrays.begin(graph, model._ready().weights, np.float64)
    history = model.fit(DATA, epochs=3, batch_size=4, optimizer=optimizer)
    steps = [step(graph, arrays, [token_inputs(graph, IDS, MASK)], optimizer, number) for number in (1, 2, 3)]
    np.testing.assert_allclose(history.losses, [one.losses["head.loss.out"] for one in steps], rtol=1e-12)
    np.testing.assert_allclose(history.norms, [one.norm for one in steps], rtol=1e-12)
    assert history.learning_rates == (5e-3, 1e-2, 1e-2)
    for name, array in stored_tensors(graph, arrays.arrays).items():
        np.testing.assert_allclose(model.parameters()[name], array, atol=1e-9)


@pytest.mark.parametrize(("num_classes", "data"), [(0, DATA), (3, CLASSES)])
@pytest.mark.parametrize("options", [{"micro_batch_size": 1}, {"micro_batch_size": 3}, {"recompute": True}])
def test_how_a_batch_is_computed_changes_nothing(num_classes: int, data: Any, options: Any) -> None:
    one, other = gpt(num_classes, "float64"), gpt(num_classes, "float64")
    first = one.fit(data, epochs=2, batch_size=4)
    second = other.fit(data, epochs=2, batch_size=4, **options)
    np.testing.assert_allclose(first.losses, second.losses, rtol=1e-10)
    same(one, other, 1e-8)


def test_it_learns_and_the_same_seed_gives_the_same_bits() -> None:
    found = []
    for seed in (0, 0, 1):
        model = gpt(3)
        history = model.fit(CLASSES, epochs=30, batch_size=3, learning_rate=1e-2, seed=seed, validation=CLASSES)
        found.append(history.losses)
        assert (len(history.losses), len(history.evaluations)) == (60, 30)
        assert history.evaluations[-1]["accuracy"] == 1
        assert history.evaluations[-1] == model.evaluate(CLASSES, batch_size=3)
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("size", [1, 3, 4])
@pytest.mark.parametrize(("num_classes", "data"), [(0, DATA), (3, {**CLASSES, "labels": [0, -100, 2, 0]})])
def test_evaluation_is_over_all_labels_however_batches_are_cut(num_classes: int, data: Any, size: int) -> None:
    model = gpt(num_classes, "float64")
    found = model.evaluate(data, batch_size=size)
    whole = model({**data, "labels": data.get("labels", IDS)})
    assert found["loss"] == pytest.approx(whole.loss, rel=1e-12)
    logits, labels = whole.logits.argmax(axis=-1), np.array(data.get("labels", IDS))
    if num_classes:
        counted = labels != -100
    else:
        logits, labels, counted = logits[:, :-1], labels[:, 1:], (MASK[:, 1:] & MASK[:, :-1]) == 1
    assert found["labels"] == counted.sum()
    assert found["accuracy"] == pytest.approx((logits == labels)[counted].mean())


def test_rows_with_nothing_to_learn_from_are_left_out() -> None:
    mask = np.ones_like(IDS)
    mask[1, 1:] = 0  # one token: nothing follows it
    one, other = gpt(dtype="float64"), gpt(dtype="float64")
    one.fit({"input_ids": IDS, "attention_mask": mask}, batch_size=3, seed=1)
    other.fit({"input_ids": IDS[[0, 2, 3]]}, batch_size=3, seed=1)
    same(one, other, 1e-8)


def test_a_step_that_is_no_number_is_not_taken() -> None:
    model = gpt(3)
    model.parameters()["score.weight"][0] = np.inf
    before = {name: array.copy() for name, array in model.parameters().items()}
    with np.errstate(all="ignore"), pytest.raises(InputError, match="step 1 has gradients that are not finite: it was"):
        model.fit(CLASSES)
    for name, array in model.parameters().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize(("precision", "scale"), [(None, 1), ("bf16", 1), ("fp16", 2.0**15), ("cb16", 2.0**15)])
def test_the_loss_is_scaled_where_a_format_needs_it(precision: str | None, scale: float) -> None:
    model = gpt(3, precision=precision)
    history = model.fit(CLASSES, epochs=30, batch_size=4, learning_rate=1e-2)
    assert history.loss_scales[0] == scale
    assert model.evaluate(CLASSES)["accuracy"] == 1
    assert all(array.dtype == np.float32 for array in model.parameters().values())


def test_a_step_that_overflows_is_left_out_and_the_scale_halved() -> None:
    model = gpt(3, precision="fp16")
    model.parameters()["score.weight"][...] *= 50
    before = {name: array.copy() for name, array in model.parameters().items()}
    history = model.fit(CLASSES, epochs=12, batch_size=4, loss_scale="dynamic")
    left_out = [not np.isfinite(norm) for norm in history.norms]
    assert left_out[0]
    assert not left_out[-1]
    for at, scale in enumerate(history.loss_scales[1:]):
        assert scale == history.loss_scales[at] / (2 if left_out[at] else 1)
    assert any((array != before[name]).any() for name, array in model.parameters().items())
    with pytest.raises(InputError, match="step 1 has gradients that are not finite"):
        model.fit(CLASSES, loss_scale=2.0**20)


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (DATA, {}, "labels are missing: a class from 0 to 2 of each row"),
        ({**DATA, "labels": [1, 1, 1, -100]}, {}, "all labels are 1: of one class only nothing can be learned"),
        ({**DATA, "labels": [-100] * 4}, {}, "all labels are ignored"),
        ({"input_ids": np.zeros((0, 3), int)}, {}, "input_ids must be .* not empty"),
        (CLASSES, {"epochs": 1.5}, "epochs must be a whole number, got 1.5"),
        (CLASSES, {"seed": -1}, "seed must be zero or above, got -1"),
        (CLASSES, {"micro_batch_size": 0}, "micro_batch_size must be positive, got 0"),
        (CLASSES, {"epochs": 0}, "epochs must be positive"),
        (CLASSES, {"batch_size": 0}, "batch_size must be positive"),
        (CLASSES, {"micro_batch_size": -1}, "micro_batch_size must be positive"),
        (CLASSES, {"loss_scale": "dynamik"}, "loss_scale must be a number or dynamic, got 'dynamik'"),
        (CLASSES, {"learning_rate": 1.0, "optimizer": AdamW(schedule=Schedule(peak=1))}, "learning_rate and optimizer"),
        (CLASSES, {"learning_rate": 0}, "peak must be positive"),
    ],
)
def test_what_cannot_be_learned_is_named(data: Any, options: Any, message: str) -> None:
    with pytest.raises((InputError, SpecError), match=message):
        gpt(3).fit(data, **options)


def test_nothing_to_evaluate_is_said() -> None:
    with pytest.raises(InputError, match="all labels are ignored: nothing is left to evaluate"):
        gpt(3).evaluate({**DATA, "labels": [-100] * 4})
