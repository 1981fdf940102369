"""Types that the fields of a workload file share, and what every section of it has in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from wsesim.errors import nearest
from wsesim.figures import is_path

LARGEST = 10**9
"""The largest count or size a file may ask for: far above any machine, far below where arithmetic turns odd."""
LARGEST_TOTAL = 10**18
"""As `LARGEST`, for what adds up over a whole training."""

Size = Annotated[int, Field(ge=1, le=LARGEST)]
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Text = Annotated[str, Field(min_length=1, max_length=4096)]


def _auto_or_size(value: object) -> object:
    """Check `auto` or a size by hand, because a union would report one error for each of its members."""
    if value == "auto" or (type(value) is int and 1 <= value <= LARGEST):
        return value
    raise PydanticCustomError("auto_or_size", "must be auto or a size")


def not_huge(value: object) -> object:
    """Refuse a number that could not even be printed; what else it must be, the hardware knows."""
    if isinstance(value, int) and abs(value) > LARGEST_TOTAL:
        raise PydanticCustomError("huge", "must not be huge")
    return value


def named(key: str) -> BeforeValidator:
    """Read a bare name where a mapping is wanted: `cluster: cs-2` is `cluster: {machine: cs-2}`."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


def one_of(names: Callable[[], tuple[str, ...]], what: str, *, or_path: bool = False) -> AfterValidator:
    """Refuse a name that is none of `names()`, nor with *or_path* the path of a file of the user's own."""

    def check(name: str) -> str:
        if name not in names() and not (or_path and is_path(name)):
            hint = nearest(name, names()) or f"; there are: {', '.join(names())}"
            raise PydanticCustomError("unknown_name", "must be {what}{hint}", {"what": what, "hint": hint})
        return name

    return AfterValidator(check)


AutoOrSize = Annotated[Literal["auto"] | Size, BeforeValidator(_auto_or_size)]


class Section(BaseModel):
    """A mapping of a file: unknown keys are refused, text is not taken for a number."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        protected_namespaces=(),
    )
