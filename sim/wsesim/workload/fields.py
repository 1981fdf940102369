"""Types that the fields of a file share, and what every section has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic import GetJsonSchemaHandler as Handler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError

from wsesim.figures import is_path
from wsesim.units import Dimension, Sizes, parse, shape_of
from wsesim.workload.words import value_hint

LARGEST = 10**9
"""The largest count or size a file may ask for: far above any machine, far below where arithmetic turns odd."""
LARGEST_TOTAL = 10**18
"""As `LARGEST`, for what adds up over a whole training."""

Size = Annotated[int, Field(ge=1, le=LARGEST)]
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Text = Annotated[str, Field(min_length=1, max_length=4096)]


def _time(value: object) -> object:
    """Check a time by the reader of quantities, which knows the units."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise ValueError(f"must be a time with its unit, for example '{value} s'; got {value}")
        if parse(value, Dimension.SECONDS) <= 0:
            raise ValueError(f"must be above 0; got {value!r}")
    except ValueError as error:
        raise PydanticCustomError("quantity", "{wrong}", {"wrong": str(error)}) from None
    return value


def auto_or_time(value: object) -> object:
    """Check `auto` or a time above 0 with its unit."""
    return value if value == "auto" else _time(value)


Time = Annotated[str, BeforeValidator(_time)]
"""A time above 0, with its unit."""


def _shape(value: object) -> object:
    """Read a shape as options spell it, `64x32`; a program gives a list."""
    try:
        if type(value) is int:
            return [value]
        return shape_of(value) if isinstance(value, str) else value
    except ValueError as error:
        raise PydanticCustomError("shape", "{wrong}", {"wrong": f"must be {error}"}) from None


Shape = Annotated[list[Size], BeforeValidator(_shape, json_schema_input_type=list[Size] | str | Size),
                  AfterValidator(Sizes)]  # fmt: skip
"""Sizes with x between them, `64x32`."""
Derived = Mapping[str, tuple[object, str]]
"""Defaults that follow from other settings: dotted name -> (value, where it comes from)."""


@dataclass(frozen=True, slots=True)
class Default:
    """Stands in the annotation of a field that may be left out: where its default comes from."""

    source: str


def _auto_or_size(value: object) -> object:
    """Check `auto` or a size by hand, because a union would report one error for each of its members."""
    if value == "auto" or (type(value) is int and 1 <= value <= LARGEST):
        return value
    raise PydanticCustomError("auto_or_size", "must be auto or a size")


AutoOrSize = Annotated[Literal["auto"] | Size, BeforeValidator(_auto_or_size)]


def not_huge(value: object) -> object:
    """Refuse a number that could not even be printed; what else it must be, the reader of figures knows."""
    if isinstance(value, int) and abs(value) > LARGEST_TOTAL:
        raise PydanticCustomError("huge", "must not be huge")
    return value


Figures = dict[Any, Annotated[Any, AfterValidator(not_huge)]]
"""Figures to change, by name (`core.clock`) or nested, each with its unit."""


def named(key: str) -> BeforeValidator:
    """Read a bare name where a mapping is wanted: `cluster: cs-2` is `cluster: {machine: cs-2}`."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


def one_of(
    names: Callable[[], tuple[str, ...]], what: str, *, or_path: bool = False, files: Mapping[str, str] | None = None
) -> AfterValidator:  # fmt: skip
    """Refuse a name that is none of `names()`, nor with *or_path* the path of a file of the user's own.

    *files* are endings of files that have a key of their own, each with that key.
    """

    def check(name: str) -> str:
        if name not in names() and not (or_path and is_path(name)):
            near = value_hint(name, names())
            hint = near or f"; there are: {', '.join(names())}"
            key = next((key for ending, key in (files or {}).items() if name.endswith(ending)), None)
            if key:
                hint = f"; a file goes under a key of its own: {{{key}: {name}}}"
            elif files and name[:3].lower() not in near:
                ending, key = next(iter(files.items()))
                hint += f"; others come from a file, {{{key}: NAME{ending}}}"
            raise PydanticCustomError("unknown_name", "must be {what}{hint}", {"what": what, "hint": hint})
        return name

    return AfterValidator(check)


def choice(names: Callable[[], tuple[str, ...]]) -> tuple[BeforeValidator, FieldInfo]:
    """Refuse what is none of `names()`, as a `Literal` of them would, also in the JSON schema."""

    def check(value: object) -> object:
        if value not in names():
            raise PydanticCustomError("literal_error", "must be one of {expected}", {"expected": ", ".join(names())})
        return value

    def list_them(schema: dict[str, Any]) -> None:
        schema["enum"] = list(names())

    return BeforeValidator(check), Field(json_schema_extra=list_them)


@dataclass(frozen=True, slots=True)
class Silent:
    """Marks a key that is not there at all where it is not given: nothing follows from it."""


class Section(BaseModel):
    """A mapping of a file: unknown keys are refused, text is not taken for a number."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        protected_namespaces=(),
        defer_build=True,  # most sections are only ever read as a part of others
    )

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """Return the keys as they stand in a file."""
        return tuple(info.alias or name for name, info in cls.model_fields.items())

    @classmethod
    def docs(cls) -> Mapping[str, str]:
        """Return the text below each field, by its key, also of sections that this one extends; read when asked."""
        from wsesim.figures.docs import texts_below

        found: dict[str, str] = {}
        for section in cls.__mro__[::-1]:
            if section is not Section and issubclass(section, Section):
                found |= texts_below(section)
        return {info.alias or name: found[name] for name, info in cls.model_fields.items() if name in found}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: Handler) -> dict[str, Any]:
        """Describe each field by the text below it."""
        found = handler(core)
        fields = handler.resolve_ref_schema(found).get("properties", {})
        for key, text in cls.docs().items():
            fields[key] = dict(sorted({**fields[key], "description": text}.items()))
        return found

    @classmethod
    def inner(cls, key: str) -> type[Section] | None:
        """Return the section that stands at *key*, or None if none does."""
        return _inner(cls, key)


@cache
def _inner(schema: type[Section], key: str) -> type[Section] | None:
    info = next((info for name, info in schema.model_fields.items() if key in (name, info.alias)), None)
    return None if info is None else _section_in(info.annotation)


def _section_in(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for part in get_args(annotation) if (found := _section_in(part)) is not None), None)
