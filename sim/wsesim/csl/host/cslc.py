"""The compiler's command line, with the options that scripts give it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from wsesim.csl.host.store import save
from wsesim.csl.image import Image
from wsesim.errors import InputError

ARCHES = ("wse2", "wse3")
_IGNORED = (
    "--max-parallelism", "--lomem-reservation-end", "--output-json",
)  # fmt: skip
_SWITCHES = ("--memcpy", "--out-routes", "--disable-auto-microthread-id", "-g0", "--warnings-as-errors", "--verbose")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cslc", description="Compile a CSL program for simulated cores.")
    parser.add_argument("file")
    parser.add_argument("-o", dest="out", default="out")
    parser.add_argument("--arch", choices=ARCHES, default="wse2")
    parser.add_argument("--fabric-dims", default="")
    parser.add_argument("--fabric-offsets", default="4,1")
    parser.add_argument("--params", action="append", default=[])
    parser.add_argument("--colors", action="append", default=[])
    parser.add_argument("--channels", default="1")
    parser.add_argument("--width-west-buf", default="0")
    parser.add_argument("--width-east-buf", default="0")
    parser.add_argument("--import-path", action="append", default=[])
    parser.add_argument("--fp16-format", choices=("f16", "bf16", "cb16"), default="f16")
    parser.add_argument("--link-section-start-address-bytes", action="append", default=[])
    parser.add_argument("--max-inlined-iterations", type=int, default=None)
    parser.add_argument("--comptime-func-depth-limit", type=int, default=None)
    for name in _IGNORED:
        parser.add_argument(name, nargs="?")
    for name in _SWITCHES:
        parser.add_argument(name, action="store_true")
    return parser


def _pairs(given: Sequence[str], option: str) -> dict[str, int]:
    """Return name:value,name:value as numbers.

    Raises:
        InputError: one has no name or no whole number.
    """
    found = {}
    for text in given:
        for part in filter(None, (each.strip() for each in text.split(","))):
            name, _, value = part.partition(":")
            try:
                found[name.strip()] = int(value.strip(), 0)
            except ValueError:
                raise InputError.at(f"{option}={text}: {part!r} is no name:number") from None
    return found


def _two(text: str, option: str) -> tuple[int, int]:
    try:
        first, second = (int(part) for part in text.split(","))
    except ValueError:
        raise InputError.at(f"{option}={text} is no pair of whole numbers, as in {option}=8,3") from None
    return first, second


def _equals(arguments: Sequence[str]) -> list[str]:
    """Return arguments with `-o=NAME` as the parser takes it."""
    return [f"-o{each[3:]}" if each.startswith("-o=") else each for each in arguments]


def output_name(arguments: Sequence[str]) -> str:
    """Return the folder that `-o` of a command line names."""
    found: str = _parser().parse_known_args(_equals(["file", *arguments]))[0].out
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Compile as told; print what the vendor's compiler prints, or what is wrong, and return the exit code."""
    from wsesim.csl.compile import compile_file

    options = _parser().parse_args(_equals(sys.argv[1:] if arguments is None else arguments))
    more = {"depth": options.comptime_func_depth_limit, "inlined": options.max_inlined_iterations}
    paths = [*options.import_path, *filter(None, os.environ.get("CSL_IMPORT_PATH", "").split(":"))]
    try:
        image = compile_file(
            options.file, arch=options.arch, params=_pairs(options.params, "--params"),
            colors=_pairs(options.colors, "--colors"),
            fabric=_two(options.fabric_dims, "--fabric-dims") if options.fabric_dims else (0, 0),
            offsets=_two(options.fabric_offsets, "--fabric-offsets"),
            import_paths=tuple(paths), fp16=options.fp16_format,
            sections=_pairs(options.link_section_start_address_bytes, "--link-section-start-address-bytes"),
            **{name: value for name, value in more.items() if value is not None},
        )  # fmt: skip
        save(image, Path(options.out))
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    warnings = [*image.warnings, *(_memcpy(image, options) if options.memcpy else ())]
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if warnings and options.warnings_as_errors:
        return 1
    print("compile successful")
    return 0


def _memcpy(image: Image, options: argparse.Namespace) -> list[str]:
    """Return what memcpy has no room for around a program, and what it shares with it."""
    from wsesim.csl.checks import reserved

    west, east = int(options.width_west_buf), int(options.width_east_buf)
    (x, y), (width, height) = image.offsets, image.fabric
    found = reserved(image)
    if x < 4 + west or y < 1:
        found.append(f"--fabric-offsets={x},{y} leaves memcpy no room: {4 + west},1 or more")
    need = x + image.width + 3 + east, y + image.height + 1
    if image.fabric != (0, 0) and (width < need[0] or height < need[1]):
        what = f"{image.width} x {image.height} cores and memcpy"
        found.append(f"--fabric-dims={width},{height} is too small for {what}: {need[0]},{need[1]} or more")
    return found


if __name__ == "__main__":
    sys.exit(main())
