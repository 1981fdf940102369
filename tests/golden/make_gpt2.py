"""Make models/: tiny GPT-2 and its relatives with random weights, and what torch and transformers compute with them.

    python make_gpt2.py          all of them
    python make_gpt2.py llama    some

Needs the packages `torch` and `transformers`, which the project itself does not use. NAME.safetensors holds the weights
as transformers saves them (fp32), NAME.expected.safetensors token ids and labels, and logits and losses in float64,
NAME.gradients.safetensors the gradients of the loss in float64, under the names of the weights.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from shutil import move
from tempfile import TemporaryDirectory
from typing import Any

import torch  # type: ignore[import-not-found, unused-ignore]
import transformers  # type: ignore[import-not-found, unused-ignore]
from safetensors.torch import save_file

FOLDER = Path(__file__).parent / "models"
VOCAB, POSITIONS, SEQUENCES, LENGTH, MASKED = 61, 16, 3, 11, 4

GPT2 = {"vocab_size": VOCAB, "n_positions": POSITIONS, "n_embd": 24, "n_layer": 2, "n_head": 4, "n_inner": 40}
BERT = {
    "vocab_size": VOCAB, "max_position_embeddings": POSITIONS, "hidden_size": 24, "num_hidden_layers": 2,
    "num_attention_heads": 4, "intermediate_size": 40, "hidden_act": "gelu",
}  # fmt: skip
LLAMA = {
    "vocab_size": VOCAB, "max_position_embeddings": POSITIONS, "hidden_size": 24, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 40, "rms_norm_eps": 1e-6,
    "tie_word_embeddings": False,
}  # fmt: skip
MIXTRAL = LLAMA | {"intermediate_size": 20, "num_local_experts": 4, "num_experts_per_tok": 2}
GPTJ = {
    "vocab_size": VOCAB, "n_positions": POSITIONS, "n_embd": 24, "n_layer": 2, "n_head": 4, "rotary_dim": 4,
    "n_inner": 40, "tie_word_embeddings": False,
}  # fmt: skip


def models() -> dict[str, Callable[[], Any]]:
    """Return how to make each model, by the name of its files."""
    hf = transformers
    return {
        "gpt2_gelu": lambda: hf.GPT2LMHeadModel(hf.GPT2Config(**GPT2, activation_function="gelu")),
        "gpt2_gelu_new": lambda: hf.GPT2LMHeadModel(hf.GPT2Config(**GPT2, activation_function="gelu_new")),
        "gpt2_classify": lambda: hf.GPT2ForSequenceClassification(
            hf.GPT2Config(**GPT2, activation_function="gelu_new", num_labels=3, pad_token_id=VOCAB - 1)
        ),
        "llama": lambda: hf.LlamaForCausalLM(hf.LlamaConfig(**LLAMA)),
        "mixtral": lambda: hf.MixtralForCausalLM(hf.MixtralConfig(**MIXTRAL, experts_implementation="eager")),
        "gptj": lambda: hf.GPTJForCausalLM(hf.GPTJConfig(**GPTJ, activation_function="gelu_new")),
        "bert_classify": lambda: hf.BertForSequenceClassification(hf.BertConfig(**BERT, num_labels=3)),
        "bert_mlm": lambda: hf.BertForPreTraining(hf.BertConfig(**BERT)),
    }


def main() -> None:
    """Write every model and what it computes."""
    FOLDER.mkdir(exist_ok=True)
    for name, make in models().items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        model = make().eval()
        randomise(model)
        save(model, f"{name}.safetensors")
        wanted = expected(name, model.double())
        save_file(wanted, FOLDER / f"{name}.expected.safetensors")
        loss(name, model, wanted).backward()
        for parameter in model.parameters():
            parameter.data = parameter.grad
        save(model, f"{name}.gradients.safetensors")


def save(model: Any, file: str) -> None:
    """Write the parameters of *model* under the names that transformers has for them in files."""
    with TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        move(Path(folder) / "model.safetensors", FOLDER / file)


def randomise(model: Any) -> None:
    """Draw every parameter, biases and norms too, so large that each of them shows in the logits."""
    generator = torch.Generator().manual_seed(20)
    with torch.no_grad():
        for _, parameter in sorted(model.named_parameters()):
            parameter.normal_(0.0, 0.3, generator=generator)
    for module in model.modules():
        if type(module).__name__.endswith(("LayerNorm", "RMSNorm")):
            module.weight.data += 1


@torch.no_grad()  # type: ignore[untyped-decorator, unused-ignore]
def expected(name: str, model: Any) -> dict[str, Any]:
    """Return inputs and outputs of *model*."""
    # Never the last id: for the classifier it means padding.
    ids = torch.randint(0, VOCAB - 1, (SEQUENCES, LENGTH), generator=torch.Generator().manual_seed(21))
    tensors = {"ids": ids}
    if name.startswith("bert"):
        tensors["types"] = (torch.arange(LENGTH) >= (LENGTH + 1) // 2).long().repeat(SEQUENCES, 1)
    arguments = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if "types" in tensors:
        arguments["token_type_ids"] = tensors["types"]
    if name == "bert_mlm":
        classes = torch.arange(SEQUENCES) % 2
        labels = torch.where(torch.arange(LENGTH) < MASKED, ids, -100)
        output = model(**arguments, labels=labels, next_sentence_label=classes)
        tensors |= {"logits": output.prediction_logits[:, :MASKED], "class_logits": output.seq_relationship_logits}
    elif name.endswith("classify"):
        output = model(**arguments, labels=torch.arange(SEQUENCES) % 3)
        tensors["class_logits"] = output.logits
    else:
        output = model(**arguments, labels=ids)
        tensors["logits"] = output.logits
    return {key: value.contiguous() for key, value in (tensors | {"loss": output.loss.reshape(1)}).items()}


def loss(name: str, model: Any, wanted: dict[str, Any]) -> Any:
    """Return the loss made from logits in float64; transformers' own is fp32."""
    ids, entropy = wanted["ids"], torch.nn.functional.cross_entropy
    types = {"token_type_ids": wanted["types"]} if "types" in wanted else {}
    output = model(input_ids=ids, attention_mask=torch.ones_like(ids), **types)
    if name == "bert_mlm":
        masked = output.prediction_logits[:, :MASKED].flatten(0, 1)
        return entropy(masked, ids[:, :MASKED].flatten()) + entropy(
            output.seq_relationship_logits, torch.arange(SEQUENCES) % 2
        )
    if name.endswith("classify"):
        return entropy(output.logits, torch.arange(SEQUENCES) % 3)
    return entropy(output.logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())


if __name__ == "__main__":
    main()
