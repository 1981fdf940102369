from xml.etree import ElementTree

import numpy as np
import pytest

from wsesim.answer import CoreFrames, CoreMap, Curve
from wsesim.answers import svg
from wsesim.answers.drawings import LARGEST_SIDE, curve_svg, fitted
from wsesim.answers.maps import frames_svg, map_svg, spread


def words(drawn: str) -> list[str | None]:
    root = ElementTree.fromstring(svg.standalone(drawn))
    return ["".join(element.itertext()) for element in root.iter() if element.tag.endswith("text")]


def curve(**changes: object) -> Curve:
    given: dict[str, object] = {
        "name": "a", "title": "Good $x^2$", "x_label": "rate", "y_label": "share", "points": ((1.0, 0.5), (2.0, 1.0)),
    } | changes  # fmt: skip
    return Curve(**given)  # type: ignore[arg-type]


def test_a_curve_says_its_axes_and_its_limit() -> None:
    said = words(curve_svg(curve(share=True, limit=0.9)))
    assert "Good $x^2$" in said
    assert "rate; dashed: 90.0 %" in said
    assert "100%" in said
    assert "Good $x^2$, share" in words(curve_svg(curve()))
    assert "rate; dotted: asked 1.5" in words(curve_svg(curve(marks=(("asked", 1.5),))))


def test_lines_are_named_and_printed_by_their_units() -> None:
    drawn = curve(line="P50", others=(("P99", ((1.0, 0.004), (2.0, 0.5))),), points=((1.0, 0.002), (2.0, 0.1)),
                  log_y=True, y_figure="ttft_s", limit=1.0, marks=(("asked", 1.5), ("largest", 2)), y_label="",
                  x_figure="s", x_label="requests a second, and much more that is said")  # fmt: skip
    said = words(curve_svg(drawn))
    assert {"P50", "P99", "Good $x^2$", "10 ms", "100 ms"} <= set(said)
    assert "dashed: 1 s; dotted: asked 1.5 s, largest 2 s" in "".join(word or "" for word in said)


def test_a_logarithmic_curve_has_plain_numbers() -> None:
    said = words(curve_svg(curve(log_x=True, points=((1.0, 0.5), (4.0, 1.0)))))
    assert "2" in said
    assert not any("10" in (word or "") for word in said)


def test_a_curve_of_nothing_is_drawn() -> None:
    assert "<svg" in curve_svg(curve(points=()))


def test_a_map_says_what_its_colours_are() -> None:
    said = words(
        map_svg(CoreMap(name="busy", title="Busy $cycles$", unit="cycles", values=np.arange(12).reshape(3, 4)))
    )
    assert {"Busy $cycles$", "column", "row", "cycles"} <= set(said)


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (700, 1)])
def test_a_map_of_any_shape_and_of_nothing_is_drawn(shape: tuple[int, int]) -> None:
    drawn = map_svg(CoreMap(name="a", title="a", unit="cycles", values=np.zeros(shape)))
    assert drawn == map_svg(CoreMap(name="a", title="a", unit="cycles", values=np.zeros(shape)))
    assert "<svg" in drawn


def test_frames_say_from_which_cycle_they_are() -> None:
    frames = CoreFrames(name="a", title="Sending", frames=np.zeros((40, 3, 4)), frame_cycles=8)
    said = words(frames_svg(frames))
    assert said[0] == "from 0"
    assert said[-2:] == ["from 312", "Sending, from cycle"]
    assert len(said) == 7


def test_pictures_are_spread_from_first_to_last() -> None:
    assert spread(10, 3) == [0, 4, 9]
    assert spread(2, 6) == [0, 1]
    assert spread(1, 6) == [0]
    assert spread(0, 6) == []


def test_large_grids_are_averaged_and_small_ones_enlarged() -> None:
    values = np.arange(1300 * 3, dtype=float).reshape(3, 1300)
    found = fitted(values)
    assert found.shape == (1, 434)
    assert found[0, 0] == values[:, :3].mean()
    assert found[0, -1] == values[:, 1299:].mean()
    assert fitted(np.zeros((2, 3))).shape == (LARGEST_SIDE // 3 * 2, LARGEST_SIDE)


def test_a_file_of_its_own_brings_its_colours() -> None:
    file = svg.standalone(curve_svg(curve()), {"c0": ("#111111", "#eeeeee")})
    assert "--c0: #111111" in file
    assert "--c0: #eeeeee" in file
    assert file.startswith('<svg xmlns="http://www.w3.org/2000/svg" width="352" height="224"')
    assert "--ink:" in file
    ElementTree.fromstring(file)
