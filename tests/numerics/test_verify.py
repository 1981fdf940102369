from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.numerics.test_models_golden import MODELS

from wsesim.errors import InputError, SpecError
from wsesim.graph import Op
from wsesim.model import ModelSpec, build_graph
from wsesim.numerics import storage
from wsesim.numerics.arrays import Array
from wsesim.numerics.attention import scores, softmax
from wsesim.numerics.checkpoint import SafetensorsWeights
from wsesim.numerics.functions import OpFunction, function_of
from wsesim.numerics.linear import linear
from wsesim.numerics.norms import layer_norm
from wsesim.numerics.second import SecondReader
from wsesim.numerics.tokenizer import Tokenizer
from wsesim.numerics.verify import verify_model
from wsesim.ops.gelu_tanh import gelu_tanh

GOLDEN = Path(__file__).parents[1] / "golden" / "models" / "gpt2_gelu.safetensors"
TEXT = "sample:sotu"
GPT2 = ModelSpec(
    name="gpt2", layers=3, width=96, heads=4, kv_heads=4, head_width=24, ffn_width=384, vocab=50257, max_length=64
)  # fmt: skip
STORED = replace(GPT2, layers=2, width=24, head_width=6, ffn_width=40, vocab=61, max_length=16)
SMALL = replace(GPT2, vocab=500)
FOLDED = "token ids folded into a vocabulary of 500"
# One token a character, each below 61.
NARROW_TEXT = "Q7X3Z9J1"


@pytest.mark.parametrize(
    "model",
    [
        GPT2,
        replace(GPT2, activation="gelu_tanh", tied=False, task="classify", classes=3),
        replace(
            GPT2, kv_heads=2, norm="rms_norm", position="rotary", activation="swiglu", bias=False, attention_bias=False
        ),
        replace(GPT2, position="rotary", rotary_width=8, rotary_pairs="interleaved", block="parallel", tied=False),
        replace(GPT2, norm_order="post", causal=False, token_types=2, task="mlm", masked=5),
        replace(GPT2, activation="relu"),
        replace(GPT2, norm="rms_norm", position="rotary", activation="swiglu", head_norm=True),
    ],
    ids=["gpt2", "classify", "llama", "gptj", "bert", "relu", "head norm"],
)
def test_a_right_graph_passes_with_room_to_spare(model: ModelSpec) -> None:
    found = verify_model(model, text=TEXT, sequences=2, length=8)
    assert found.ok
    assert 0 < found.max_error < 0.25 * found.tolerance < 1e-3
    assert (found.tokens, found.layers, found.reduced) == (16, 3, "")


def test_the_loss_of_fresh_weights_is_that_of_a_uniform_guess() -> None:
    assert verify_model(GPT2, text=TEXT, sequences=1, length=12).loss == pytest.approx(np.log(50257), rel=0.03)


def changed(function: OpFunction, **attrs: float) -> OpFunction:
    return lambda op, inputs, dims: function(replace(op, attrs={**op.attrs, **attrs}), inputs, dims)


def scaled(op: Op, inputs: object, dims: object) -> tuple[Array, ...]:
    (array,) = scores(op, inputs, dims)  # type: ignore[arg-type]
    return (array * 1.01,)


MISTAKES: dict[str, tuple[str, OpFunction, str]] = {
    "another gelu": ("gelu", lambda op, inputs, dims: (gelu_tanh(inputs[0]),), "layer 1: ffn.residual.out"),
    "another epsilon": ("layer_norm", changed(layer_norm, epsilon=2e-5), "layer 1: ffn.residual.out"),
    "no bias": ("linear", lambda op, inputs, dims: linear(op, inputs[:2], dims), "layer 1: ffn.residual.out"),
    "no mask": ("softmax", changed(softmax, causal=False), "layer 1: ffn.residual.out"),
    "another scale of scores": ("scores", scaled, "layer 1: ffn.residual.out"),
    "no positions": ("position", lambda op, inputs, dims: (inputs[0],), "embed: embed.position.out"),
    "another loss": ("cross_entropy", lambda op, inputs, dims: (np.array([10.0]),), "head.loss.out"),
    "nan": ("residual", lambda op, inputs, dims: (inputs[0] * np.nan,), "layer 1: ffn.residual.out"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.every(2)
def test_a_wrong_op_is_noticed_and_placed(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, function, place = MISTAKES[mistake]
    monkeypatch.setattr(storage, "function_of", lambda op: function if op.kind == kind else function_of(op))
    found = verify_model(replace(SMALL, width=192, ffn_width=768), text=TEXT, sequences=1, length=16)
    assert not found.ok
    assert found.max_error > found.tolerance
    assert found.worst == place


def test_a_tolerance_may_be_given() -> None:
    assert verify_model(SMALL, text=TEXT, sequences=1, length=8, tolerance=1e-3).tolerance == 1e-3
    strict = verify_model(SMALL, text=TEXT, sequences=1, length=8, tolerance=1e-12)
    assert not strict.ok
    assert strict.max_error > strict.tolerance == 1e-12


def test_fewer_layers_are_the_first_of_the_same_model() -> None:
    whole = verify_model(SMALL, text=TEXT, sequences=1, length=8)
    found = verify_model(SMALL, text=TEXT, sequences=1, length=8, layers=2)
    assert (found.layers, found.reduced) == (2, f"the first 2 of 3 layers; {FOLDED}")
    assert found.loss != whole.loss
    assert verify_model(SMALL, text=TEXT, sequences=1, length=8, layers=3).reduced == FOLDED
    for layers in (0, 4):
        with pytest.raises(SpecError, match=f"layers must be from 1 to 3, got {layers}"):
            verify_model(SMALL, text=TEXT, sequences=1, length=8, layers=layers)


def test_seeds_are_kept_apart() -> None:
    losses = [verify_model(SMALL, text=TEXT, sequences=1, length=8, seed=seed).loss for seed in (0, 0, 1)]
    assert losses[0] == losses[1] != losses[2]


def test_seeded_weights_take_any_ids_and_say_so() -> None:
    found = verify_model(replace(GPT2, vocab=100), text=TEXT, sequences=1, length=8, layers=1)
    assert found.ok
    assert found.reduced == "the first 1 of 3 layers; token ids folded into a vocabulary of 100"


def test_weights_of_a_file(tmp_path: Path) -> None:
    assert max(Tokenizer.gpt2().encode(NARROW_TEXT)) < 61
    text = str(tmp_path / "narrow.txt")
    Path(text).write_text(NARROW_TEXT)
    found = verify_model(STORED, text=text, sequences=2, length=4, weights=GOLDEN)
    assert found.ok
    assert found.reduced == ""
    assert found.loss > 4.2
    assert verify_model(STORED, text=text, sequences=2, length=4, weights=GOLDEN, layers=1).layers == 1


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_both_readers_find_the_weights_of_every_family(model: ModelSpec, tmp_path: Path) -> None:
    graph = build_graph(model, sequences=1, length=4)
    file = GOLDEN.with_name(f"{model.name}.safetensors")
    ours, second = SafetensorsWeights(file, graph), SecondReader(file, model)
    for block in graph.blocks:
        for copy in range(block.repeat):
            for name, array in ours.load(block.name, copy).items():
                np.testing.assert_array_equal(second.load(block.name, copy)[name], array, err_msg=name)


def test_ids_that_the_files_vocabulary_lacks_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        verify_model(STORED, text=TEXT, sequences=1, length=4, weights=GOLDEN)
    assert str(caught.value) == (
        f"{GOLDEN}: error: the vocabulary has 61 tokens, but the text has the id 4502 in GPT-2's vocabulary of 50257: "
        "leave the weights out to take seeded ones"
    )


def test_progress_is_told_by_block() -> None:
    told: list[str] = []
    tell: Callable[[str], None] = told.append
    verify_model(GPT2, text=TEXT, sequences=1, length=8, progress=tell)
    assert told == ["embed", "layer 1 of 3", "layer 2 of 3", "layer 3 of 3", "head", "gradients"]


def test_a_part_is_verified_where_the_whole_is_not_asked_for() -> None:
    large = replace(GPT2, layers=48, width=4096, heads=32, kv_heads=8, head_width=128, ffn_width=16384)
    found = verify_model(large, text=TEXT, sequences=1, length=64, whole=False)
    assert found.ok
    assert (found.layers, found.tokens) == (2, 16)
    assert found.reduced == (
        "the first 2 of 48 layers; 16 of 64 tokens; 1,024 of 50,257 words of the vocabulary; 8 of 32 heads; "
        "1,024 of 4,096 features"
    )
