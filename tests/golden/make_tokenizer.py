"""Make tokenizer.json: ids that two other implementations of GPT-2's encoding agree on.

    python make_tokenizer.py ENCODER_JSON VOCAB_BPE SAMPLE_TXT

Needs the packages `tokenizers` and `tiktoken`, which the project itself does not use, and OpenAI's two files.
"""

import hashlib
import json
import sys
from importlib.metadata import version
from pathlib import Path

import tiktoken  # type: ignore[import-not-found, unused-ignore]
from tiktoken.load import data_gym_to_mergeable_bpe_ranks  # type: ignore[import-not-found, unused-ignore]
from tokenizers import Tokenizer, models, pre_tokenizers  # type: ignore[import-not-found, unused-ignore]

ENCODER_SHA256 = "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783"
MERGES_SHA256 = "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"
PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"

TEXTS = (
    "",
    "Hello world",
    " Hello  world ",
    "a",
    " ",
    "   ",
    "\n",
    "\n\n\n",
    "\t\tindented\n    with spaces\r\n\r\nand carriage returns\r",
    "trailing spaces   \n   leading spaces",
    "no-break\u00a0space, en\u2002space, ideographic\u3000space, zero\u200bwidth, line\u2028separator, next\u0085line",
    "control \x00 \x01 \x0b \x0c \x1c \x1d \x1e \x1f \x7f characters",
    "I'm, you're, he'd, it's, we'll, they've, can't; I'M YOU'RE CAN'T; \u2019s \u2019ll 'S ''s 'sudo",
    "don't'll've'd're'm's't",
    "0 1 12 123 1234 12345 3.14159 1,234,567.89 1e-9 0x7fff 2024-02-30 50%",
    "\u00bd \u2167 \u00b2 \u0663\u0664 \u0967\u0968 numbers of other kinds",
    "for (int i=0;i<n;++i){ a[i] += b[i]*c; }  // C\n\tdef f(x): return x**2  # Python",
    "https://example.org/a?b=c&d=%20#e <mail@example.org>",
    "!!! ??? ... --- *** ((())) [[]] {{}} <<>> \"\" '' `` ~~ ^^ $$ ## @@ && || \\\\ //",
    "<|endoftext|>",
    "before<|endoftext|>after <|endoftext|> ",
    "caf\u00e9 na\u00efve \u00fcber stra\u00dfe \u0141\u00f3d\u017a \u00e5ngstr\u00f6m \u0130stanbul",
    "cafe\u0301 and a\u0308 (combining), \ufb01 ligature, \u2126 ohm",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! \u0395\u03bb\u03bb\u03ac\u03b4\u03b1",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002 \u3053\u3093\u306b\u3061\u306f \uc548\ub155\ud558\uc138\uc694",
    "\U0001f600 \U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e8\U0001f1ed \u2764\ufe0f",
    "\U00010348 \U0001d49c\U0001d4b7 \U00020000 \U0010ffff \ufffd \ufeff \uffff",
    "antidisestablishmentarianism supercalifragilisticexpialidocious SolidGoldMagikarp",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "ababababababababababababababababababab ooooooooOOOOOOOO ================================",
    "wafer-scale: 850,000 cores, 40 GB of SRAM, 20 PB/s \u2014 \u201cone wafer\u201d\u2026",
)


def main(encoder_json: str, vocab_bpe: str, sample: str) -> None:
    """Encode every text with both implementations, stop if they differ, and write the ids."""
    encoder, merges = Path(encoder_json).read_bytes(), Path(vocab_bpe).read_bytes()
    assert hashlib.sha256(encoder).hexdigest() == ENCODER_SHA256
    assert hashlib.sha256(merges).hexdigest() == MERGES_SHA256
    pairs = [(a, b) for a, b in (line.split(" ") for line in merges.decode("utf-8").split("\n")[1:-1])]
    one = Tokenizer(models.BPE(vocab=json.loads(encoder), merges=pairs))
    one.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    ranks = data_gym_to_mergeable_bpe_ranks(
        vocab_bpe, encoder_json, vocab_bpe_hash=MERGES_SHA256, encoder_json_hash=ENCODER_SHA256
    )
    two = tiktoken.Encoding("gpt2", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={"<|endoftext|>": 50256})

    def ids_of(text: str) -> list[int]:
        ids: list[int] = one.encode(text).ids
        assert ids == two.encode_ordinary(text), f"they differ on {text!r}"
        return ids

    sample_ids = ids_of(Path(sample).read_bytes().decode("utf-8"))
    head = {
        "made_with": [f"{name} {version(name)}" for name in ("tokenizers", "tiktoken")],
        "sample_tokens": len(sample_ids),
        "sample_ids_sha256": hashlib.sha256(" ".join(map(str, sample_ids)).encode()).hexdigest(),
    }
    lines = [json.dumps({"text": text, "ids": ids_of(text)}) for text in TEXTS]
    body = json.dumps(head)[:-1] + ',\n"cases": [\n' + ",\n".join(lines) + "\n]}\n"
    (Path(__file__).parent / "tokenizer.json").write_text(body, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
