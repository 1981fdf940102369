"""Reading yaml: plain data with places, and one clear sentence for everything else."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wsesim.errors import InputError, Problem
from wsesim.yamlfile import DEEPEST_NESTING, LARGEST_FILE_BYTES, parse_yaml, read_yaml

TEXT = """\
# a comment
model:
  name: small
  width: 768
runs:
  - {steps: 10}
  - steps: 20
    seed: 1
"""


def problem_of(text: str) -> Problem:
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "w.yaml")
    (problem,) = caught.value.problems
    assert problem.file == "w.yaml"
    return problem


def read_problem(path: Path) -> Problem:
    with pytest.raises(InputError) as caught:
        read_yaml(path)
    (problem,) = caught.value.problems
    assert problem.file == str(path)
    return problem


def test_data_is_plain_python() -> None:
    data = parse_yaml("a: 1\nb: 0.5\nc: [true, null, no, 1e3]\nd: {e: text}\nf: 0x10\n").data
    assert data == {"a": 1, "b": 0.5, "c": [True, None, "no", 1000.0], "d": {"e": "text"}, "f": 16}
    assert type(data) is dict
    assert type(data["c"]) is list
    assert type(data["a"]) is int


def test_a_date_stays_text() -> None:
    assert parse_yaml("a: 2024-03-13\nb: 2024-03-13T10:00:00Z").data == {"a": "2024-03-13", "b": "2024-03-13T10:00:00Z"}


def test_a_single_value_is_a_document() -> None:
    assert parse_yaml("3").data == 3


def test_places_of_keys_and_values() -> None:
    document = parse_yaml(TEXT, "w.yaml")
    assert document.places[()] == (2, 1)
    assert document.keys[("model", "width")] == (4, 3)
    assert document.places[("model", "width")] == (4, 10)
    assert document.places[("runs", 0)] == (6, 5)
    assert document.keys[("runs", 1, "seed")] == (8, 5)
    assert document.lines[3] == "  width: 768"


def test_a_problem_points_at_the_value_or_at_its_key() -> None:
    document = parse_yaml(TEXT, "w.yaml")
    at_value = document.problem("is odd", ("model", "width"))
    assert at_value == Problem("is odd", file="w.yaml", line=4, column=10, excerpt="  width: 768")
    at_key = document.problem("is odd", ("model", "width"), at_key=True)
    assert (at_key.line, at_key.column) == (4, 3)


@pytest.mark.parametrize(
    ("loc", "at_key", "place"),
    [
        (("model", "heads"), False, (2, 1)),
        (("model", "heads"), True, (2, 1)),
        (("runs", 1, "length"), False, (7, 5)),
        (("runs", 5), False, (5, 1)),
        (("runs", 0), True, (6, 5)),
        (("hardware",), False, (2, 1)),
        (("hardware", "core", "clock"), True, (2, 1)),
        ((), False, (2, 1)),
    ],
)
def test_a_problem_with_what_is_missing_points_at_what_encloses_it(
    loc: tuple[str | int, ...], at_key: bool, place: tuple[int, int]
) -> None:
    problem = parse_yaml(TEXT).problem("is missing", loc, at_key=at_key)
    assert (problem.line, problem.column) == place


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_as_yaml_does(end: str) -> None:
    document = parse_yaml(f"a: x\x85y{end}b: 2{end}")
    assert document.problem("", ("b",)).excerpt == "b: 2"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", (3, 1), 'duplicate key "a", first in line 1; keep one of them'),
        ("b:\n  c: {}\n  c: {}\n", (3, 3), 'duplicate key "c", first in line 2; keep one of them'),
        ("x: {b: 1, b: 2}", (1, 11), 'duplicate key "b", first in line 1; keep one of them'),
        ("a:\n\tb: 1\n", (2, 1), "a tab cannot indent yaml; use spaces"),
        ("\ta: 1\n", (1, 1), "a tab cannot indent yaml; use spaces"),
        ("a: *x\n", (1, 4), "an alias of which no anchor (&name) stands above"),
        ("a: &x [1, *x]\n", (1, 4), "an anchor whose value holds itself"),
        ("a: &x {<<: *x}\n", (1, 4), "an anchor whose value holds itself"),
        ("a: 1\nb: {<<: 2}\n", (2, 9), "a merge key (<<) takes a mapping, or a list of mappings"),
        ("a: !!int 3", (1, 4), "yaml tags (tag:yaml.org,2002:int) are not used here; write a plain value"),
        ("!!python/object/apply:os.system [ls]", (1, 1), "yaml tags (tag:yaml.org,2002:python/object/apply:os.system)"),
        ("a: !thing {b: 1}", (1, 4), "yaml tags (!thing) are not used here; write a plain value"),
        ("a: 1\n---\nb: 2\n", (2, 1), "a second document starts here; a file holds one"),
        ("- a\nb: 1\n", (2, 1), "does not line up with the lines above it; check the indentation"),
        ("a: b: c\n", (1, 5), "a ':' cannot stand here; quote the text, or check the indentation"),
        ("a: 'x\n", (2, 1), "the file ends inside quotes; close them"),
        ("a: [1, 2\n", (2, 1), "expected ',' or ']', but got '<stream end>'"),
        ("a: @x\n", (1, 4), "found character '@' that cannot start any token"),
        ("? {a: 1}\n: 2\n", (1, 3), "a key must be text; this is a list or a mapping"),
        ("a: {b: [{true: 1}]}", (1, 10), "the key true is not text; quote it if it is meant"),
        ("1: 2\n", (1, 1), "the key 1 is not text; quote it if it is meant"),
        ("a:\n  : 2\n", (2, 3), "the key null is not text; quote it if it is meant"),
        ("", (1, None), "the file is empty; `wsesim init` writes one to start from"),
        ("# only a comment\n", (1, None), "the file is empty; `wsesim init` writes one to start from"),
        ("---\nnull\n", (1, None), "the file is empty; `wsesim init` writes one to start from"),
        ("a: 1\r\nb: c\x1b\n", (2, 5), 'the sign U+001B cannot stand in yaml; write it as "\\u001b" in quotes'),
        ("a: \x00", (1, 4), 'the sign U+0000 cannot stand in yaml; write it as "\\u0000" in quotes'),
        (f"b: 1\na: [1, {'9' * 5000}]", (2, 8), "a number has too many digits"),
    ],
)
def test_refused(text: str, place: tuple[int, int | None], message: str) -> None:
    problem = problem_of(text)
    assert problem.message.startswith(message)
    assert (problem.line, problem.column) == place


def test_a_syntax_error_shows_the_line() -> None:
    assert str(problem_of("ok: 1\na: *x\n")).splitlines()[1:] == ["    a: *x", "       ^"]


def test_a_quoted_merge_sign_is_text() -> None:
    assert parse_yaml("'<<': 1\na: '*x'").data == {"<<": 1, "a": "*x"}


def test_anchors_alone_are_harmless() -> None:
    assert parse_yaml("a: &x 1\nb: &x 2\n").data == {"a": 1, "b": 2}


def test_aliases_and_merge_keys_are_what_they_stand_for() -> None:
    document = parse_yaml("a: &x {b: 1, c: 2}\nd: *x\ne: {<<: *x, c: 3}\nf:\n  <<: [{g: 1}, *x, {b: 9}]\n  h: *x\n")
    shared = {"b": 1, "c": 2}
    assert document.data == {"a": shared, "d": shared, "e": {"c": 3, "b": 1}, "f": {"h": shared, "g": 1, **shared}}
    assert document.places[("e", "b")] == document.places[("a", "b")] == (1, 11)
    assert document.places[("e", "c")] == (3, 16)


def test_a_bomb_of_aliases_or_merge_keys_stops_before_it_is_written_out() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1}, ' * 9}]\n" for i in range(1, 9))
    assert problem_of(bomb).message.startswith("aliases and merge keys add more than")
    deep = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 60))
    assert problem_of(deep).message == f"nested more than {DEEPEST_NESTING} deep by aliases"
    keys = ", ".join(f"k{number}: 1" for number in range(500))
    merges = f"a0: &a0 {{{keys}}}\n" + "".join(f"a{i}: &a{i} {{<<: *a{i - 1}}}\n" for i in range(1, 110))
    assert problem_of(merges).message.startswith("aliases and merge keys add more than")


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}")])
def test_nesting_has_a_limit(opening: str, closing: str) -> None:
    assert parse_yaml(opening * DEEPEST_NESTING + "1" + closing * DEEPEST_NESTING).data
    deeper = DEEPEST_NESTING + 1
    assert problem_of(opening * deeper + "1" + closing * deeper).message == f"nested more than {DEEPEST_NESTING} deep"
    assert problem_of(opening * 50_000).message == f"nested more than {DEEPEST_NESTING} deep"


def test_read_yaml_reads_a_file(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_bytes("\ufeffname: Größe\n".encode())
    document = read_yaml(path)
    assert document.data == {"name": "Größe"}
    assert document.file == str(path)
    assert read_yaml(str(path)).data == document.data


def test_a_missing_file(tmp_path: Path) -> None:
    assert read_problem(tmp_path / "none.yaml").message == "no such file"


def test_a_folder(tmp_path: Path) -> None:
    assert read_problem(tmp_path).message == "is a folder, not a yaml file"


def test_a_path_through_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a: 1")
    assert read_problem(tmp_path / "file" / "w.yaml").message.startswith("cannot be read: ")


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_bytes(b"#" * (LARGEST_FILE_BYTES + 1))
    assert read_problem(path).message == "is too large; a yaml file has at most 1,048,576 bytes"
    path.write_bytes(b"a: 1" + b"\n" * (LARGEST_FILE_BYTES - 4))
    assert read_yaml(path).data == {"a": 1}


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no endless device here")
def test_an_endless_device_is_too_large_too() -> None:
    assert read_problem(Path("/dev/zero")).message == "is too large; a yaml file has at most 1,048,576 bytes"


def test_bytes_that_are_not_utf8_are_located(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    problem = read_problem(path)
    assert (problem.line, problem.column) == (2, 4)
    assert problem.message == "byte 0xff is not UTF-8; save the file as UTF-8"


words = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3))


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(words, values, min_size=1, max_size=4))
@example({"<<": {"a": 1}, "b": "2024-03-13"})
def test_json_is_yaml_and_every_key_has_a_place(data: dict[str, object]) -> None:
    document = parse_yaml(json.dumps(data))
    assert document.data == data
    assert {loc[0] for loc in document.keys if len(loc) == 1} == set(data)


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet="ab:-?[]{}#&*!|>'\"%@,\\ \t\n<=~.01x", max_size=40))
def test_any_text_is_a_document_or_one_located_problem(text: str) -> None:
    try:
        document = parse_yaml(text, "w.yaml")
    except InputError as error:
        (problem,) = error.problems
        assert problem.line is not None
        assert "\n" not in problem.message
    else:
        assert document.data is not None


def test_the_last_line_is_shown_too() -> None:
    assert problem_of("a: 1\na: 2").excerpt == "a: 2"
