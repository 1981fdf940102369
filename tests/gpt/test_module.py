"""A model class: sizes as attributes, logits, gradients, padding, the article's snippets."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wsesim
from wsesim.errors import InputError, SpecError
from wsesim.gpt import CerebrasGPT, Model
from wsesim.graph import with_training
from wsesim.model import build_graph
from wsesim.numerics import NamedArrays, Storage, backward, forward, stored_tensors, token_inputs
from wsesim.numerics.rounding import rounded

BATCH, LENGTH, VOCAB = 4, 6, 23
IDS = np.random.default_rng(0).integers(0, VOCAB, (BATCH, LENGTH))


def gpt(num_classes: int = 0, dtype: str = "float32", **more: Any) -> CerebrasGPT:
    made = CerebrasGPT(
        2, 2, num_classes, hidden_size=8, vocab_size=VOCAB, max_position_embeddings=16, dtype=dtype, **more
    )  # fmt: skip
    draw = np.random.default_rng(1)
    for array in made.parameters().values():  # larger than fresh ones, so that places and masks matter
        array += draw.normal(0, 0.3, array.shape).astype(array.dtype)
    return made


MODELS = {0: gpt(), 3: gpt(3)}
ARTICLE = """
import wsesim.gpt as cb

class CerebrasGPT(cb.Model):
    def __init__(self, num_layers, num_heads, num_classes):
        super(CerebrasGPT, self).__init__()
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.num_classes = num_classes

    def forward(self, input_ids, attention_mask):
        output = self.transformer(input_ids, attention_mask)
        return output
"""
USE = """
model = CerebrasGPT(num_layers=2, num_heads=1, num_classes=3)
output = model(input_ids, attention_mask)
"""


def test_the_snippets_run_and_are_the_model_class() -> None:
    mask = np.ones_like(IDS)
    mask[1, 3:] = 0
    names: dict[str, Any] = {"input_ids": IDS, "attention_mask": mask}
    exec(ARTICLE + USE, names)
    wanted = wsesim.CerebrasGPT(2, 1, 3)(IDS, mask)
    np.testing.assert_array_equal(names["output"].logits, wanted.logits)
    assert wanted.logits.shape == (BATCH, 3)
    assert names["model"].model == wsesim.CerebrasGPT(2, 1, 3).model


@pytest.mark.parametrize("num_classes", [0, 3])
def test_filling_up_on_either_side_changes_no_logits(num_classes: int) -> None:
    model = gpt(num_classes)
    wanted = model(IDS).logits
    for left, right in ((3, 0), (0, 3), (2, 1)):
        fill = ((0, 0), (left, right))
        found = model(np.pad(IDS, fill, constant_values=7), np.pad(np.ones_like(IDS), fill)).logits
        own = found if num_classes else found[:, left : left + LENGTH]
        np.testing.assert_allclose(own, wanted, atol=1e-5)
    mixed = np.array([[*IDS[0][:3], 0, 0, 0], [0, 0, 0, *IDS[0][:3]]])
    logits = model(mixed, [[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]]).logits
    alone = model(IDS[0][:3]).logits
    for row, place in ((0, 2), (1, 5)):
        last = logits[row] if num_classes else logits[row, place]
        np.testing.assert_allclose(last, alone[0] if num_classes else alone[0, 2], atol=1e-5)


@given(data=st.data(), num_classes=st.sampled_from([0, 3]))
@settings(max_examples=25)
def test_a_row_is_the_same_among_others_as_alone(data: st.DataObject, num_classes: int) -> None:
    model = MODELS[num_classes]
    texts = data.draw(st.lists(st.lists(st.integers(0, VOCAB - 1), min_size=1, max_size=7), min_size=1, max_size=4))
    wide = data.draw(st.integers(max(map(len, texts)), 9))
    ids, mask = np.full((len(texts), wide), VOCAB - 1), np.zeros((len(texts), wide), dtype=bool)
    for row, text in enumerate(texts):
        start = data.draw(st.integers(0, wide - len(text)))
        ids[row, start : start + len(text)], mask[row, start : start + len(text)] = text, True
    logits = model(ids, mask).logits
    for row, text in enumerate(texts):
        own = logits[row] if num_classes else logits[row][mask[row]]
        np.testing.assert_allclose(own, model(text).logits[0], atol=1e-5)


@pytest.mark.parametrize("num_classes", [0, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_logits_loss_and_gradients_are_those_of_the_graph(num_classes: int, dtype: str) -> None:
    model = gpt(num_classes, dtype)
    labels = [0, 1, 2, 0] if num_classes else IDS
    output = model(IDS, labels=labels)
    gradients = model.backward()
    graph = with_training(build_graph(model.model, sequences=BATCH, length=LENGTH, precision="fp32"))
    weights = NamedArrays.begin(graph, model._ready().weights, np.dtype(dtype))
    run = forward(graph, weights, token_inputs(graph, IDS, labels=np.array(labels)))
    wanted = stored_tensors(graph, backward(graph, weights, run))
    assert output.loss == run.loss
    assert output.logits.dtype == np.dtype(dtype)
    assert gradients.keys() == wanted.keys() == model.parameters().keys()
    for name, gradient in gradients.items():
        np.testing.assert_array_equal(gradient, wanted[name])
        assert gradient.shape == model.parameters()[name].shape


def test_gradients_are_how_the_loss_changes() -> None:
    model = gpt(dtype="float64")
    mask = np.ones_like(IDS)
    mask[0, :2], mask[1, 4:] = 0, 0
    model(IDS, mask, IDS)
    gradients, draw = model.backward(), np.random.default_rng(2)
    for name, weight in model.parameters().items():
        direction, kept, moved = draw.normal(size=weight.shape), weight.copy(), []
        for side in (1e-5, -1e-5):
            weight[...] = kept + side * direction
            moved.append(model(IDS, mask, IDS).loss)
        weight[...] = kept
        numeric = (moved[0] - moved[1]) / 2e-5
        assert float((gradients[name] * direction).sum()) == pytest.approx(numeric, abs=1e-7), name


def test_labels_where_nothing_counts_are_ignored() -> None:
    model, mask = gpt(), np.ones_like(IDS)
    mask[:, 4:] = 0
    labels, other = IDS.copy(), IDS.copy()
    other[:, 4:] = 5
    ignored = np.where(mask == 1, IDS, -100)
    losses = {model(IDS, mask, each).loss for each in (labels, other, ignored)}
    assert len(losses) == 1
    assert model(IDS[:, :4], None, IDS[:, :4]).loss == pytest.approx(losses.pop(), rel=1e-5)
    left = np.pad(IDS, ((0, 0), (2, 0)))
    found = model(left, np.pad(np.ones_like(IDS), ((0, 0), (2, 0))), left).loss
    assert found == pytest.approx(model(IDS, None, IDS).loss, rel=1e-5)
    with pytest.raises(InputError, match="all labels are ignored"):
        model(IDS, labels=np.full_like(IDS, -100))


def test_labels_are_shifted_inside() -> None:
    model = gpt(dtype="float64")
    output = model(IDS, labels=IDS)
    logits = output.logits[:, :-1]
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    wanted = -np.log(np.take_along_axis(shares, IDS[:, 1:, None], axis=-1)).mean()
    assert output.loss == pytest.approx(wanted, rel=1e-12)


def test_a_mapping_will_do() -> None:
    model = gpt(3)
    given = {"input_ids": IDS, "labels": [0, 1, 2, 0]}
    assert model(given).loss == model(IDS, labels=[0, 1, 2, 0]).loss


def test_outputs_are_read_as_tuples_of_what_is_there() -> None:
    model = gpt(3)
    plain, learned = model(IDS), model(IDS, labels=[0, 1, 2, 0])
    assert (len(plain), len(learned), plain.loss) == (1, 2, None)
    assert plain[0] is plain.logits
    loss, logits = learned
    assert (loss, logits is learned.logits, learned[-1] is logits) == (learned.loss, True, True)


def test_what_passes_between_layers_is_there_if_asked_for() -> None:
    model = gpt()
    assert model(IDS).hidden_states is None
    output = model.transformer(IDS, labels=IDS, output_hidden_states=True)
    assert output.hidden_states is not None
    assert [state.shape for state in output.hidden_states] == [(BATCH, LENGTH, 8)] * 3
    table = model.parameters()["transformer.wte.weight"]
    np.testing.assert_allclose(output.hidden_states[-1] @ table.T, output.logits, atol=1e-5)
    first = table[IDS] + model.parameters()["transformer.wpe.weight"][:LENGTH]
    np.testing.assert_allclose(output.hidden_states[0], first, atol=1e-6)
    assert model.backward()


def test_each_forward_pass_has_one_backward_pass() -> None:
    model = gpt(3)
    for before in (None, IDS):
        if before is not None:
            model(before, labels=[0, 1, 2, 0])
            model.backward()
        with pytest.raises(SpecError, match="backward needs a forward pass with labels before it, and each has one"):
            model.backward()


def test_numbers_are_kept_as_machines_keep_them() -> None:
    exact, errors = gpt(dtype="float64")(IDS).logits, {}
    for precision in (None, "fp16", "cb16", "bf16"):
        model = gpt(precision=precision)
        logits = model(IDS).logits
        errors[precision] = float(np.abs(logits - exact).max())
        if precision:
            storage = Storage(format=precision)
            np.testing.assert_array_equal(rounded(logits, storage.kept), logits)
            model(IDS, labels=IDS)
            for gradient in model.backward().values():
                np.testing.assert_array_equal(rounded(np.ascontiguousarray(gradient), storage.kept), gradient)
    assert errors[None] < errors["fp16"] / 100 < errors["fp16"] < errors["cb16"] < errors["bf16"]


def test_weights_are_drawn_from_the_seed() -> None:
    sizes: dict[str, Any] = {"hidden_size": 8, "vocab_size": 11, "max_position_embeddings": 4}
    one, same, other = (CerebrasGPT(1, 2, **sizes, seed=seed).parameters() for seed in (3, 3, 4))
    name = "transformer.h.0.attn.c_attn.weight"
    np.testing.assert_array_equal(one[name], same[name])
    assert (one[name] != other[name]).any()


def test_sizes_that_are_left_out_follow() -> None:
    shape = CerebrasGPT(3, 5).model
    assert (shape.width, shape.ffn_width, shape.head_width, shape.vocab, shape.max_length, shape.task) == (
        320, 1280, 64, 50257, 2048, "lm",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"num_layers": 0}, "num_layers must be positive, got 0"),
        ({"num_heads": -1}, "num_heads must be positive, got -1"),
        ({"num_layers": 2.5}, "num_layers must be a whole number, got 2.5"),
        ({"num_heads": True}, "num_heads must be a whole number, got True"),
        ({"num_classes": -2}, "num_classes must be zero or above, got -2"),
        ({"hidden_size": 0}, "hidden_size must be positive, got 0"),
        ({"filter_size": 0}, "filter_size must be positive, got 0"),
        ({"hidden_size": 9}, "hidden_size = 9 is not a multiple of num_heads = 2"),
        ({"vocab_size": 0}, "vocab_size must be positive, got 0"),
        ({"max_position_embeddings": 0}, "max_position_embeddings must be positive"),
        ({"activation": "gleu"}, "activation must be one of .*, did you mean 'gelu'"),
        ({"activation": "swiglu"}, "activation must be one of .* in a gpt2, got swiglu"),
        ({"layer_norm_epsilon": 0.0}, "layer_norm_epsilon must be positive"),
        ({"precision": "cb61"}, "precision must be one of fp16, bf16, cb16; got 'cb61', did you mean"),
        ({"precision": "fp32"}, "precision must be one of fp16, bf16, cb16"),
        ({"precision": "bf16", "dtype": "float64"}, "precision = bf16 rounds float32, and dtype is float64"),
        ({"dtype": "float16"}, "dtype must be one of float32, float64; got 'float16'"),
    ],
)  # fmt: skip
def test_sizes_of_no_model_are_named(sizes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        CerebrasGPT(**{"num_layers": 1, "num_heads": 2, **sizes})


def test_a_subclass_states_its_sizes_before_it_is_used() -> None:
    class Forgetful(Model):
        def __init__(self) -> None:
            super().__init__()
            self.num_layers = 1

    with pytest.raises(SpecError, match=r"num_heads is not set: `self.num_heads = ...` in `__init__`"):
        Forgetful()(IDS)


def test_sizes_stay_once_there_are_weights() -> None:
    model = gpt()
    model.num_layers = 3
    with pytest.raises(SpecError, match="num_layers cannot change any more: there are weights of another size"):
        model(IDS)


def test_the_base_class_is_found_by_the_name_of_the_article_only_there() -> None:
    assert issubclass(CerebrasGPT, Model)
