"""Make packed.safetensors: numbers, and what torch makes of them in float8_e4m3fn.

    python make_packed.py

Needs the package `torch`, which the project itself does not use.
"""

from pathlib import Path

import torch  # type: ignore[import-not-found, unused-ignore]
from safetensors.torch import save_file


def main() -> None:
    """Write all numbers of the format, those halfway between two, and some of every size."""
    codes = torch.arange(256, dtype=torch.uint8).view(torch.float8_e4m3fn).float()
    codes = codes[codes.isfinite()].sort().values
    generator = torch.Generator().manual_seed(8)
    sizes = torch.exp2(torch.empty(300).uniform_(-12, 8.8, generator=generator))
    drawn = (sizes * torch.randn(300, generator=generator).sign()).clip(-448, 448)
    numbers = torch.cat([codes, (codes[1:] + codes[:-1]) / 2, drawn])
    wanted = numbers.to(torch.float8_e4m3fn).float()
    save_file({"numbers": numbers, "e4m3": wanted}, Path(__file__).parent / "packed.safetensors")


if __name__ == "__main__":
    main()
