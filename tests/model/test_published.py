"""Configs as published have as many parameters as are published; each mechanism is computed, checked and costed."""

import json
from pathlib import Path

import pytest
from tests.model.published import PUBLISHED

from wsesim.kernels.resident_graph import resident_model
from wsesim.model import build_graph, parameters, read_hf_config
from wsesim.numerics.structure import differences


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_config_has_the_published_parameters(name: str, tmp_path: Path) -> None:
    count, config = PUBLISHED[name]
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config))
    model = read_hf_config(file)
    assert parameters(model) == count
    assert not [*differences(model, build_graph(model, sequences=1, length=1))]
    assert resident_model(model).layer
    assert not [note for note in model.notes if "not read" in note]
