"""What layers in parts cost, and what leaving out masked scores saves: by hand, and as laws."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernels.squares import square_of

from wsesim.errors import SpecError
from wsesim.graph import Graph, with_training
from wsesim.hardware import load_cluster
from wsesim.kernels import Cost, Parts, Region, half_of, kernel_cost, linear
from wsesim.kernels.elementwise import elementwise
from wsesim.kernels.resident_graph import resident_model
from wsesim.kernels.resident_ops import ChunkStep, resident_cost
from wsesim.model import build_graph, load_preset
from wsesim.software import load_software

CLUSTER, TRAINING = load_cluster("cs-2").cluster, load_software("release-2").for_training()
REGION = Region(software=TRAINING, cluster=CLUSTER, sequences=30, length=512, precision="mixed")
GPT = with_training(build_graph(load_preset("gpt2"), sequences=30, length=512))
LAYER = next(block for block in GPT.blocks if block.name == "layer")


def cost_of(name: str, parts: Parts, region: Region = REGION, graph: Graph = GPT) -> Cost:
    return kernel_cost(graph, LAYER, next(op for op in LAYER.ops if op.name == name), region, parts)


def test_what_parts_add_to_the_stream_is_summed() -> None:
    """Four parts of the way down: a quarter of the inputs each, all outputs each; and three sums."""
    four = Parts(columns=4)
    quarter, added = linear.forward(REGION, inputs=768, outputs=768), elementwise(REGION, "residual", width=768)
    assert cost_of("ffn.down", four).cycles == pytest.approx(4 * quarter.cycles + 3 * added.cycles)
    up = linear.forward(REGION, inputs=768, outputs=768)
    assert cost_of("ffn.up", four).cycles == pytest.approx(4 * up.cycles)
    assert cost_of("ffn.up.input.backward", four).cycles == pytest.approx(4 * up.cycles + 3 * added.cycles)


def test_parts_divide_the_half_whose_they_are() -> None:
    whole, heads, columns = Parts(), Parts(heads=2), Parts(columns=2)
    for op in LAYER.ops:
        if op.phase == "optimizer":
            continue
        half = half_of(LAYER, op)
        for parts, name in ((heads, "heads"), (columns, "columns")):
            assert parts.of_op(LAYER, op) == (2 if half == name else 1)
            same = kernel_cost(GPT, LAYER, op, REGION, parts) == kernel_cost(GPT, LAYER, op, REGION)
            assert same == (half != name)
        assert whole.of_op(LAYER, op) == 1


@settings(max_examples=20, deadline=None)
@given(heads=st.sampled_from([1, 2, 4]), columns=st.sampled_from([1, 2, 4, 8]), more=st.sampled_from([2, 3]),
       op=st.sampled_from([op for op in LAYER.ops if op.phase != "optimizer"]))  # fmt: skip
def test_more_parts_never_take_less(heads: int, columns: int, more: int, op: object) -> None:
    fewer, many = Parts(heads=heads, columns=columns), Parts(heads=heads * more, columns=columns * more)
    one, other = (kernel_cost(GPT, LAYER, op, REGION, parts) for parts in (fewer, many))  # type: ignore[arg-type]
    assert other.cycles >= one.cycles * (1 - 1e-12)
    assert other.fabric_bytes >= one.fabric_bytes * (1 - 1e-12)


def test_a_mask_that_is_left_out_saves_half_of_the_scores() -> None:
    half = replace(REGION, software=replace(TRAINING, masked_skipped=1.0))
    for name in ("attention.scores", "attention.softmax", "attention.sum", "attention.softmax.backward"):
        full, less = (cost_of(name, Parts(), region) for region in (REGION, half))
        assert less.cycles == pytest.approx(full.cycles * 513 / 1024, abs=1)
    assert cost_of("ffn.up", Parts(), half) == cost_of("ffn.up", Parts())
    bert = with_training(build_graph(load_preset("bert-base"), sequences=30, length=512))
    layer = next(block for block in bert.blocks if block.name == "layer")
    for op in layer.phase("forward"):
        assert kernel_cost(bert, layer, op, half) == kernel_cost(bert, layer, op, REGION)
    with pytest.raises(SpecError, match="is a share"):
        replace(TRAINING, masked_skipped=1.1)


def test_a_prompt_skips_the_same() -> None:
    """Of 512 tokens in one chunk half the keys; behind 1,536 others a token sees 1,792.5 of 2,048."""
    engine = load_software("waferllm").for_inference()
    where, saving = (square_of(CLUSTER.wafer, 300, replace(engine, masked_skipped=share)) for share in (0.0, 1.0))
    model = load_preset("gpt2")
    layers = {model.name: resident_model(model).layer, "encoder": resident_model(replace(model, causal=False)).layer}
    for start, share in ((0, 513 / 1024), (1536, 1792.5 / 2048)):
        step = ChunkStep(tokens=512, start=start, block=512)
        for name, ops in layers.items():
            op = next(op for op in ops if op.kind == "scores")
            full, less = (resident_cost(op, at, step).cycles for at in (where, saving))
            assert less == pytest.approx(full * (share if name == model.name else 1))
