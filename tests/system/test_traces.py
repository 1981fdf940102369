"""Traces of requests: public forms as they are, what of them is played, and what is refused."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wsesim.errors import InputError
from wsesim.system import records, serve
from wsesim.system.requests import Arrivals, Requests, requests_of

from .services import listed, times

AZURE = "2023-11-16 18:20:01.1000000,410,37\n2023-11-16 18:20:01.6500000,1120,88\n2023-11-16 18:20:03.0250000,76,140\n"
ROWS = ((0.0, 410, 37), (0.55, 1120, 88), (1.925, 76, 140))


def read(text: str | bytes, folder: Path, name: str = "t.csv", **changes: Any) -> Requests:
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    values: dict[str, Any] = {
        "rate_per_s": None, "requests": None, "seed": 7, "trace": file, "prompt": 500, "prompt_spread": 0.5,
        "output": 100, "output_spread": 1.0, "longest": 4096,
    }  # fmt: skip
    return requests_of(Arrivals(**values | changes))


def rows(requests: Requests) -> list[tuple[float, int, int]]:
    columns = (np.round(requests.arrival_s, 6), requests.prompt, requests.output)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def table(head: str, unit: float = 1.0, start: float = 0.0, middle: str = "") -> str:
    return f"{head}\n" + "".join(f"{start + at * unit:.13g},{middle}{p},{o}\n" for at, p, o in ROWS)


def lines(arrival: str, prompt: str, output: str, unit: float) -> str:
    return "".join(json.dumps({arrival: at * unit, prompt: p, output: o}) + "\n" for at, p, o in ROWS)


PUBLIC = {
    "wsesim": table("arrival_s,prompt,output"),
    "epoch": table("arrival_s,prompt,output", start=1731000000.0),
    "negative": table("arrival_s,prompt,output", start=-5.0),
    "Azure 2023": f"TIMESTAMP,ContextTokens,GeneratedTokens\n{AZURE}",
    "Azure 2024": "TIMESTAMP,ContextTokens,GeneratedTokens\n"
                  "2024-05-10 23:59:59.100000+00:00,410,37\n2024-05-10 23:59:59.650000+00:00,1120,88\n"
                  "2024-05-11T02:00:01.025+02:00,76,140\n",
    "BurstGPT": table("Timestamp,Model,Request tokens,Response tokens", middle="ChatGPT,"),
    "Vidur": table("arrived_at,num_prefill_tokens,num_decode_tokens"),
    "Splitwise": table("arrival_timestamp,request_id,prompt_size,token_size", middle="0,"),
    "tabs": table("arrival_time_ns,input_toks,output_toks", unit=1e9).replace(",", "\t"),
    "Mooncake": lines("timestamp", "input_length", "output_length", 1000),
    "LLMServingSim": lines("arrival_time_ns", "input_toks", "output_toks", 1e9),
    "Qwen-Bailian": lines("timestamp", "input_length", "output_length", 1).replace("{", '{"chat_id": 1, '),
    "ms since 1970": table("timestamp,prompt_tokens,completion_tokens", unit=1e3, start=1.731e12),
    "ns since 1970": table("Time,Input Tokens,Output Tokens", unit=1e9, start=1e12 * 1.731e6).replace(".0", ""),
    "counts beside texts": table("arrival_time,prompt,num_input_tokens,num_output_tokens", middle="hello there,"),
    "JSON": json.dumps([{"arrival_s": at, "prompt": p, "output": o} for at, p, o in ROWS], indent=1),
    "no order": "arrival_s,prompt,output\n3,1120,88\n2.45,410,37\n\n4.375,76,140\r\n",
}  # fmt: skip


@pytest.mark.parametrize("form", PUBLIC)
def test_public_forms_are_the_same_requests(form: str, tmp_path: Path) -> None:
    found = read(PUBLIC[form], tmp_path)
    np.testing.assert_allclose(rows(found), ROWS, atol=2e-6)
    assert "3 of the 3 rows that were read are played" in found.notes[0]
    assert any("below later ones" in note for note in found.notes) == (form == "no order")


def test_only_a_newline_ends_a_record(tmp_path: Path) -> None:
    odd = "\u2028\u2029\x85\x0c\x1e"
    entry = json.dumps({"arrival_s": 0, "prompt": 5, "output": 6, "text": odd}, ensure_ascii=False)
    bare = entry.replace(r"\f", "\f").replace(r"\u001e", "\x1e")  # as programs write that do not escape them
    assert "\f\x1e" in bare
    assert rows(read(f"{bare}\n\n{entry}\n", tmp_path)) == [(0, 5, 6)] * 2


def test_texts_have_their_tokens_counted_and_come_at_the_rate(tmp_path: Path) -> None:
    talk = [{"conversations": [{"from": "human", "value": "a b c"}, {"from": "gpt", "value": "d e"}, {"value": "f"}]},
            {"conversations": []}, {"conversations": [{"value": "a"}, {"value": "b"}]},
            {"conversations": [{"role": "system", "content": "a b"}, {"role": "user", "content": "c d"},
                               {"role": "assistant", "content": "e f g"}]}]  # fmt: skip
    found = read(json.dumps(talk), tmp_path, "s.json", rate_per_s=2.0)
    assert [row[1:] for row in rows(found)] == [(3, 2), (1, 1), (4, 3)]
    assert "1 row left out, with no tokens to read or none to write" in found.notes[1]
    plain = read('{"prompt": "a b", "output": 7}\n', tmp_path, "s.json", rate_per_s=2.0)
    assert rows(plain)[0][1:] == (2, 7)
    with pytest.raises(InputError, match=r"does not say when requests arrive; give serving\.rate"):
        read(json.dumps(talk), tmp_path, "s.json")


def test_what_of_a_trace_is_played(tmp_path: Path) -> None:
    long = "arrival_s,prompt,output\n" + "".join(f"{at},{10 + at},1\n" for at in range(100))
    assert rows(read(long, tmp_path, skip_s=10.0, span_s=2.0)) == [(0, 20, 1), (1, 21, 1)]
    assert rows(read(long, tmp_path, span_s=2.0, requests=1)) == [(0, 10, 1)]
    assert read(long, tmp_path, requests=7).rate_per_s == pytest.approx(1)
    assert read(long, tmp_path, rate_per_s=8.0).rate_per_s == pytest.approx(8)
    assert read(long, tmp_path, speed=3.0).rate_per_s == pytest.approx(3)
    with pytest.raises(InputError, match="no requests that are asked for"):
        read(long, tmp_path, skip_s=1000.0)
    with pytest.raises(InputError, match="all arrive together"):
        read("arrival_s,prompt,output\n1,2,3\n", tmp_path, speed=2.0)


def test_rows_that_cannot_be_served_follow_one_rule(tmp_path: Path) -> None:
    text = "arrival_s,prompt,output\n0,9,1\n1,90,20\n2,0,5\n3,5,0\n4,200,200\n"
    refused = read(text, tmp_path, longest=100)
    assert refused.refused.tolist() == [False, True, True]
    assert np.isnan(serve(refused, times()).end_s).tolist() == [False, True, True]
    assert any(note.startswith("2 rows left out, with no tokens") for note in refused.notes)
    assert any(note.startswith("Longer than serving.longest = 100 tokens: 2 rows") for note in refused.notes)
    cut = read(text, tmp_path, longest=100, longer="cut")
    assert [row[1:] for row in rows(cut)] == [(9, 1), (80, 20), (1, 99)]
    assert not cut.refused.any()
    assert rows(read(text, tmp_path, longest=100, longer="drop")) == [(0, 9, 1)]


def test_blocks_that_are_there_are_not_read_again(tmp_path: Path) -> None:
    text = "".join(
        json.dumps({"timestamp": at, "input_length": n, "output_length": 4, "hash_ids": ids}) + "\n"
        for at, n, ids in ((0, 1500, [0, 1, 2]), (250, 1400, [0, 1, 7]), (500, 512, [0]), (750, 600, [9, 0]))
    )
    asked = read(text, tmp_path)
    assert asked.block_tokens == 512
    served = serve(asked, times())
    assert served.reused.tolist() == [0, 1024, 511, 0]
    fresh = serve(listed(*((at, p, o) for at, p, o in rows(asked))), times())
    assert served.first_s[0] == fresh.first_s[0]
    assert (served.ttft_s < fresh.ttft_s)[1:3].all()
    crowded = replace(asked, blocks=((0, 1, 2), (5, 6, 7), (0,), (8,)))
    assert serve(crowded, times()).reused.tolist() == [0, 0, 511, 0]
    assert serve(crowded, times(capacity_tokens=1600)).reused.tolist() == [0, 0, 0, 0], "all had to go for the second"
    assert serve(asked, times(copies=2)).reused.tolist() == [0, 0, 511, 0], "each copy keeps its own"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("arrival_s,prompt\n1,2\n", 1, "no column 'output', nor one that says the same in a public trace"),
        ("when,promt,output\n1,2,3\n", 1, "('promt', did you mean 'prompt'?); there are: when, promt, output; needed"),
        ("arrival_s,prompt,Prompt,output\n1,2,3,4\n", 1, "has two columns 'Prompt'; keep the one that is meant"),
        ("arrival_s,prompt,output\n1,1,024,3\n", 2, "4 values for 3 columns"),
        ("arrival_s,prompt,output\n1,2.5,3\n", 2, "prompt = '2.5' is not a whole number from 0 to 1,000,000,000"),
        ("arrival_s,prompt,output\n1,2,3\n1,-2,3\n", 3, "prompt = '-2' is not a whole number from 0 to 1,000,000,000"),
        ("arrival_s,prompt,output\n1,1000000001,3\n", 2, "is not a whole number"),
        ("arrival_s,prompt,output\n1,abc,3\n", 2, "prompt = 'abc' is not a number"),
        ("arrival_s,prompt,output\nnan,2,3\n", 2, "arrival_s = 'nan' is not a number, nor a time such as"),
        ("arrival_s,prompt,output\n2023-13-40 18:20:01,2,3\n", 2, "nor a time such as"),
        ("arrival_s,prompt,output\n0,2,3\n1e300,2,3\n", 3, "is more than 1e+09 s from the first"),
        ("arrival_s,prompt,output\n", 1, "has no requests"),
        ("\n \n", 1, "has no requests"),
        ("arrival_s,prompt,output\n1,2\n", 2, "output is missing"),
        ('arrival_s,prompt,output\n1,"2\n', 2, "not a CSV table"),
        (b"PAR1\x15\x04\xff", None, "is a Parquet file: save it as CSV or JSON Lines"),
        (b"\x1f\x8b\x08", None, "cannot be unpacked"),
        (
            gzip.compress(b"arrival_s,prompt,output\n1,2,3\n" * 9, mtime=0)[:-9],
            None,
            "cannot be unpacked: the end is missing",
        ),
        (gzip.compress(b"arrival_s,prompt,output\n1,2,\xff\n", mtime=0), 2, "byte 0xff is not UTF-8"),
        (gzip.compress(b"PAR1\x15\x04\xff", mtime=0), None, "is a Parquet file"),
        (b"arrival_s,prompt,output\n1,2,3\n1,\xff,3\n", 3, "byte 0xff is not UTF-8"),
        ('{"arrival_s": 1, "prompt": 2, "output": 3}\n{"arrival_s": 1,\n', 2, "not JSON"),
        ("[1]\n", 1, "must be an object"),
        ('[{"arrival_s": 1, "prompt": 2, "output": 3},\n\n', 3, "not JSON: the list does not end"),
        ("[" * 100_000, 1, "not JSON: nested too deep"),
        (f'{{"arrival_s": 1, "output": 1, "prompt": {"9" * 5000}}}', 1, "not JSON: a number has too many digits"),
        ("{" * 100_000, 1, "not JSON"),
        (f'{{"arrival_s": 1, "output": 1, "prompt": {"9" * 400}}}', 1, "is not a number"),
        ('{"arrival_s": 1, "prompt": 1, "output": true}\n', 1, "output = True is not a number"),
        ('{"arrival_s": 1, "prompt": 1, "output": null}\n', 1, "output is missing"),
        ('{"timestamp": 1, "input_length": 1, "output_length": 1, "hash_ids": 3}\n', 1, "hash_ids = 3 is not a list"),
        ('{"conversations": "x"}\n', 1, "conversations = 'x' is not a list of what is said"),
    ],
)
def test_a_trace_that_cannot_be_read(text: str | bytes, line: int | None, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(text, tmp_path)
    (problem,) = caught.value.problems
    assert said in problem.message
    assert problem.line == line


HEAD = "arrival_s,prompt,output\n"


@pytest.mark.parametrize("form", ["wsesim", "Mooncake", "list"])
def test_a_packed_trace_is_what_it_is_unpacked(form: str, tmp_path: Path) -> None:
    text = f"[{PUBLIC['Mooncake'].strip().replace(chr(10), ',')}]" if form == "list" else PUBLIC[form]
    assert rows(read(gzip.compress(text.encode()), tmp_path, "t.gz")) == list(ROWS)


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (f"{HEAD}0,1,2\n1, x,3\n", (3, 4), "prompt = 'x' is not a number"),
        ('arrival_s,text,prompt,output\n0,"a, ""b""",x,2\n', (2, 14), "prompt = 'x' is not a number"),
        ('arrival_s,text,prompt,output\n0,"a\nb",x,2\n', (3, None), "prompt = 'x' is not a number"),
        ('{"arrival_s": 0, "prompt": 1, "output":  -2}\n', (1, 42), "output = -2 is not a whole number"),
        ('{"arrival_s": 0, "prompt": 1 "output": 2}\n', (1, 30), "not JSON: Expecting ',' delimiter"),
        ('{\n "requests": []}\n', (1, 3), "each line is one object, {...}, or all of the file is one list"),
        (HEAD.replace("\n", "\r") + "0,1,2\r", (1, 24), "lines end in a carriage return alone"),
        ("arrival_s prompt output\n0 1 2\n", (1, None), "with commas, tabs or semicolons between them"),
        ('[{"arrival_s": 0, "prompt": 1, "output": 2}\n{"arrival_s"', (2, None), "a comma is missing between two"),
        ('[{"arrival_s": 0, "prompt": 1, "output": 2}]\nmore', (2, None), "something follows the end of the list"),
        ("timestamp,prompt,output\n2024-05-10 18:20:00,1,2\n7,1,2\n", (3, 1), "and times before were times of day"),
        ("timestamp,prompt,output\n7,1,2\n2024-05-10 18:20:00,1,2\n", (3, 1), "and times before were numbers"),
        ("timestamp,prompt,output\n2024-05-10 24:20:00,1,2\n", (2, 1), "nor a time such as"),
        ("timestamp,prompt,output\n2024-05-10T18:20:00+25:00,1,2\n", (2, 1), "nor a time such as"),
        (f"{HEAD}1731000000250,1,2\n", (2, 1), "after the year 5138; name the column by what it counts, as arrival_ms"),
        (HEAD, (1, None), "nothing but the names of columns"),
        (f"{HEAD}0,0,5\n1,9000,5\n", (1, None), "of 2 rows 1 without tokens to read or to write, 1 longer than"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_where_it_stands(text: str, place: tuple[int, int | None], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(text, tmp_path, longer="drop")
    (problem,) = caught.value.problems
    assert said in problem.message
    assert (problem.line, problem.column) == place


def test_what_stands_within_objects_is_found(tmp_path: Path) -> None:
    parts = [{"type": "text", "text": "a b"}, {"type": "image_url"}, {"type": "text", "text": " c"}]
    body = {"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": parts}]}
    asked = [{"custom_id": "1", "body": {**body, "max_tokens": 9}}, {"custom_id": "2", "body": {"messages": []}}]
    batch = read("".join(f"{json.dumps(each)}\n" for each in asked[:1]), tmp_path, rate_per_s=1.0)
    assert rows(batch)[0][1:] == (5, 9)
    assert any("body.max_tokens is taken for how long it is" in note for note in batch.notes)
    usage = {"prompt_tokens": 22, "completion_tokens": 7}
    answered = [{"id": "a", "response": {"body": {"created": at, "usage": usage}}} for at in (1731000000, 1731000002)]
    assert rows(read(json.dumps(answered), tmp_path)) == [(0, 22, 7), (2, 22, 7)]
    named = '{"timestamp": 0, "input_length": 1024, "output_length": 1, "hash_ids": ["x", "y"]}\n'
    assert read(named * 2, tmp_path).blocks == ((0, 1),) * 2
    texts = '{"arrival_s": 0, "prompt": "a b", "output": "c"}\n{"arrival_s": 1, "prompt": "", "output": "c"}\n'
    assert rows(read(texts, tmp_path)) == [(0, 2, 1)]


def test_a_list_may_come_in_one_line_and_in_any_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = json.dumps([{"arrival_s": at, "prompt": p, "output": o, "text": "],{"} for at, p, o in ROWS])
    for size in (1, 2, 7, 64):
        monkeypatch.setattr(records, "_READ_AT_ONCE", size)
        assert rows(read(f"\ufeff\n {whole}\n", tmp_path)) == list(ROWS)


def test_a_record_without_an_end_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LONGEST_RECORD", 1000)
    for text in ("arrival_s,prompt,output\n1,2," + "3" * 2000, '{"arrival_s": "' + "x" * 2000, "[" + '{"a":\n' * 800):
        with pytest.raises(InputError, match=r"a line of more than 1,000 signs|not JSON"):
            read(text, tmp_path)


ENTRY = '{"arrival_s": 0, "prompt": 1, "output": 2}'


@pytest.mark.parametrize("blank", ["\n", " \n"], ids=["empty", "blank"])
@pytest.mark.parametrize("start", ["", HEAD, f"{HEAD}0,1,2\n", f"{ENTRY}\n", "[", f"[{ENTRY},", f"[{ENTRY}]"])
def test_blanks_without_an_end_are_refused(
    start: str, blank: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blanks = ("\n" if start.startswith(HEAD) else blank) * 3000
    for name, most in (("LONGEST_RECORD", 1000), ("_READ_AT_ONCE", 100)):
        monkeypatch.setattr(records, name, most)
    with pytest.raises(InputError, match="more than 1,000 blanks and empty lines without a record") as caught:
        read(gzip.compress((start + blanks).encode()), tmp_path, "t.gz")
    (problem,) = caught.value.problems
    assert problem.file == str(tmp_path / "t.gz")
    assert 1 < (problem.line or 0) < start.count("\n") + blanks.count("\n")
    monkeypatch.setattr(records, "LONGEST_RECORD", 4000)
    if start == f"{HEAD}0,1,2\n":
        assert rows(read(gzip.compress((start + blanks + "1,1,2").encode()), tmp_path, "t.gz")) == [
            (0, 1, 2),
            (1, 1, 2),
        ]


def test_priorities_are_a_column_or_a_share_drawn_at_random(tmp_path: Path) -> None:
    assert read("arrival_s,prompt,output,priority\n1,2,3,2\n0,5,6,0\n", tmp_path).priorities.tolist() == [0, 2]
    shared = read("arrival_s,prompt,output\n" + "0,2,3\n" * 400, tmp_path, urgent=0.25).priorities
    assert 60 < np.count_nonzero(shared == 0) < 140
    plain = read("arrival_s,prompt,output\n0,2,3\n", tmp_path)
    assert plain.priority is None
