"""The base of model classes: states its sizes as attributes, and has weights from the first time they are needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from wsesim.errors import SpecError
from wsesim.gpt import asking, fitting, folder, shape, writing
from wsesim.gpt.fitting import History
from wsesim.gpt.network import Learning, Network
from wsesim.gpt.output import Array, Output
from wsesim.gpt.rows import Ids, rows_of
from wsesim.model import ModelSpec, build_graph, hf_config
from wsesim.numerics import AdamW, Sampling, SeededWeights, Tokenizer, backward, stored_tensors

if TYPE_CHECKING:
    from wsesim.answer import Level, Result


class Module:
    """A GPT. A subclass sets `num_layers` and `num_heads`, and may set `num_classes` and what else sizes it.

    `hidden_size`, `vocab_size`, `max_position_embeddings`, `filter_size`, `activation`, `layer_norm_epsilon`, `dtype`,
    `precision` and `seed` mean what they do in `CerebrasGPT`. Once there are weights, none of them changes any more.

    Shapes: ids and masks are [batch, length], or [length] for one row. A token whose mask is 0 fills up: it is not
    seen, not counted in positions, and no label. Filling up left, right or not at all gives the same logits where
    tokens count; a class is read at the last of them. Labels of -100 are ignored.
    """

    _network: Network | None = None
    _sizes: dict[str, Any] | None = None
    _learning: Learning | None = None

    def __init__(self) -> None:
        """Take nothing: sizes are attributes."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `forward`."""
        return self.forward(*args, **kwargs)

    def forward(
        self, input_ids: Any, attention_mask: Any = None, labels: Any = None, *, output_hidden_states: bool = False
    ) -> Any:
        """Run `transformer`; a subclass may do more, or take less."""
        return self.transformer(input_ids, attention_mask, labels, output_hidden_states=output_hidden_states)

    def transformer(
        self, input_ids: Any, attention_mask: Any = None, labels: Any = None, *, output_hidden_states: bool = False
    ) -> Output:
        """Return logits, and the loss if there are labels; `backward` may then follow.

        Args:
            input_ids: whole numbers of any type; or a mapping of `input_ids`, `attention_mask` and `labels`.
            attention_mask: 1 where a token counts, 0 where it fills up; by default all count.
            labels: classes [batch], or tokens [batch, length], which are those of `input_ids` in training: each place
                is held to the label of the next.
            output_hidden_states: whether what passes between layers is returned, too.

        Raises:
            SpecError: naming the argument that is not right, and why.
            InputError: all labels are ignored.
        """
        network = self._ready()
        rows = rows_of(network.model, input_ids, attention_mask, labels)
        if rows.labels is None or output_hidden_states:
            output = network.outputs(rows, hidden=output_hidden_states)
        if rows.labels is None:
            return output
        learned, self._learning = network.learning(rows)
        return output if output_hidden_states else learned

    def backward(self) -> dict[str, Array]:
        """Return the gradient of the last loss for each of `parameters`, by the same names; uses that pass up.

        Raises:
            SpecError: no forward pass with labels came before, or its gradients were taken.
        """
        if self._learning is None:
            raise SpecError("backward", "needs a forward pass with labels before it, and each has one")
        graph, arrays, run = self._learning
        self._learning = None
        return stored_tensors(graph, backward(graph, arrays, run))

    def parameters(self) -> dict[str, Array]:
        """Return all weights by their Hugging Face names; writing into one changes the model."""
        network = self._ready()
        return stored_tensors(network.plain, network.arrays)

    def fit(
        self, data: Any, *, epochs: int = 1, batch_size: int = 8, learning_rate: float | None = None,
        optimizer: AdamW | None = None, micro_batch_size: int | None = None, recompute: bool = False,
        loss_scale: float | str | None = None, seed: int = 0, validation: Any = None,
    ) -> History:  # fmt: skip
        """Learn from *data* by AdamW, whose moments start from zero each time.

        Args:
            data: a mapping of `input_ids`, `attention_mask` and `labels`, a row for each example; without labels a
                language model learns the ids themselves.
            epochs: times that all rows are gone through, each time in another order.
            batch_size: rows of a step; the last step of an epoch has what is left.
            learning_rate: of all steps, by default 0.001.
            optimizer: settings with a schedule of their own, in place of that.
            micro_batch_size: rows computed at a time, where a batch would not fit in memory; gradients are the same.
            recompute: whether the backward pass computes layers again to save memory; gradients are the same.
            loss_scale: that keeps small gradients from being lost in 16 bits, a number or `dynamic`: it halves where a
                step overflows, which is then left out. By default dynamic with a `precision` of fp16 or cb16, else 1.
            seed: of the orders.
            validation: rows to evaluate after each epoch.

        Raises:
            SpecError: naming what is not right.
            InputError: labels of one class only, or gradients that are not finite: that step is not taken.
        """
        network = self._ready()
        self._learning = None
        return fitting.fit(
            network, fitting.learning_rows(network.model, data), epochs=epochs, batch_size=batch_size, seed=seed,
            optimizer=fitting.optimizer_of(learning_rate, optimizer), micro_batch_size=micro_batch_size,
            recompute=recompute, loss_scale=loss_scale,
            validation=None if validation is None else fitting.learning_rows(network.model, validation),
        )  # fmt: skip

    def evaluate(self, data: Any, *, batch_size: int = 8) -> dict[str, float]:
        """Return `loss`, the mean over all labels that count, `accuracy`, and `labels`, how many there are.

        Raises:
            SpecError, InputError: as `fit`.
        """
        network = self._ready()
        return fitting.evaluate(network, fitting.learning_rows(network.model, data), batch_size=batch_size)

    def generate(
        self, input_ids: Any, attention_mask: Any = None, *, max_new_tokens: int = 20, do_sample: bool = False,
        temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0, seed: int = 0, eos_token_id: int | None = None,
        use_cache: bool = True,
    ) -> Ids:  # fmt: skip
        """Return the ids with new ones behind them: int64 [batch, length + new].

        Args:
            input_ids: [batch, length] or [length].
            attention_mask: as for `transformer`; rows may be filled up on either side.
            max_new_tokens: of each row.
            do_sample: whether tokens are drawn; else each is the likeliest.
            temperature: divides logits, in drawing.
            top_k: draws from so many of the likeliest; 0: from all.
            top_p: draws from the likeliest that have this share together.
            seed: of what is drawn, for each row by itself.
            eos_token_id: ends a row, which is then filled up with it; all end when all rows have.
            use_cache: whether keys and values are kept, or computed again for each token; ids are the same.

        Raises:
            SpecError: naming what is not right.
        """
        network = self._ready()
        choice = Sampling(do_sample=do_sample, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
        return writing.generate(
            network, rows_of(network.model, input_ids, attention_mask), choice, max_new_tokens=max_new_tokens,
            eos_token_id=eos_token_id, use_cache=use_cache,
        )  # fmt: skip

    @classmethod
    def from_pretrained(
        cls, folder_name: str | Path, num_classes: int | None = None, *, dtype: str = "float32",
        precision: str | None = None, seed: int = 0,
    ) -> Self:  # fmt: skip
        """Return the model in a folder, as `save_pretrained` and transformers write it.

        With other *num_classes* than the folder's (0: words), all but the head is the folder's, and a head of classes
        is new, drawn from *seed*.

        Raises:
            InputError: a file is missing, broken, pickled, of another kind of model, or holds NaN.
        """
        computed = shape.dtype_of(dtype)
        storage = shape.storage_of(precision, computed)
        model, weights = folder.load(Path(folder_name), num_classes, seed, computed)
        made = cls.__new__(cls)
        made.__dict__.update(shape.sizes_of(model), dtype=dtype, precision=precision, seed=seed)
        made._take(Network(model, weights, computed, storage))
        return made

    def save_pretrained(self, folder_name: str | Path, tokenizer: Tokenizer | None = None) -> None:
        """Write config.json, model.safetensors, and files of *tokenizer*: GPT-2's, if the vocabulary is as large.

        Raises:
            InputError: it cannot be written, or a weight is not a number.
            SpecError: the tokenizer has ids that the model has not.
        """
        folder.save(Path(folder_name), self._ready(), tokenizer)

    def simulate(
        self, machine: str = "cs-2", *, systems: int = 1, batch: int | None = None, length: int | None = None,
        phase: str = "training", level: Level | None = None, verify: bool = True, **sections: Any,
    ) -> Result:  # fmt: skip
        """Return what a machine would do with this model, as `wsesim.run` of the same file.

        Args:
            machine: one of `wsesim machines`.
            systems: how many of it.
            batch: sequences at once; by default 120 a step, and one user with resident weights.
            length: tokens of a sequence, or of a prompt; by default of a step all positions.
            phase: training, evaluation, prefill, decode, generate or serving.
            level: how closely it is looked at.
            verify: whether the graph's numbers are checked.
            sections: what else the file may have: `inference={"prompt": 100, "generate": 20}`, `software="ideal"`.

        Raises:
            InputError: that is not a right question, with every problem.
        """
        from wsesim.questions import run

        asked = asking.question_of(
            self.model, machine=machine, systems=systems, batch=batch, length=length, phase=phase, sections=sections,
            precision=self._stated()["precision"],
        )  # fmt: skip
        return run(asked, level=level, verify=verify, explain=True)

    @property
    def model(self) -> ModelSpec:
        """The shape, without weights."""
        return self._ready().model if self._network else shape.model_of(self._stated())

    def _stated(self) -> dict[str, Any]:
        """Return the sizes that are set, and what the others are by default."""
        for name in shape.NEEDED:
            if not hasattr(self, name):
                raise SpecError(name, f"is not set: `self.{name} = ...` in `__init__`")
        found = {name: getattr(self, name, default) for name, default in shape.DEFAULTS.items()}
        return {**{name: getattr(self, name) for name in shape.NEEDED}, **found}

    def _check(self) -> None:
        """Refuse sizes of which no model can be made."""
        stated = self._stated()
        shape.storage_of(stated["precision"], shape.dtype_of(stated["dtype"]))
        hf_config(shape.model_of(stated))

    def _ready(self) -> Network:
        """Return weights and graphs, made when they are first needed."""
        if self._network is None:
            stated = self._stated()
            model, dtype = shape.model_of(stated), shape.dtype_of(stated["dtype"])
            plain = build_graph(model, sequences=1, length=1, loss=False)
            storage = shape.storage_of(stated["precision"], dtype)
            self._take(Network(model, SeededWeights(plain, stated["seed"]), dtype, storage))
        elif (changed := self._changed()) is not None:
            raise SpecError(changed, "cannot change any more: there are weights of another size")
        assert self._network is not None, "it was just made"
        return self._network

    def _take(self, network: Network) -> None:
        self._network, self._sizes = network, self._stated()

    def _changed(self) -> str | None:
        stated, before = self._stated(), self._sizes or {}
        return next((name for name, value in stated.items() if before.get(name) != value), None)
