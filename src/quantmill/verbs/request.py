"""What a verb is asked: one frozen type from which command line, Python and REST derive."""

import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, cast, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator
from pydantic.fields import FieldInfo

from quantmill.core.symbols import canonical_symbol
from quantmill.errors import UsageError

__all__ = [
    "POSITIONAL",
    "Flag",
    "FromSetting",
    "ParameterValue",
    "Positional",
    "Request",
    "RequestField",
    "Symbol",
    "Unit",
]

ParameterValue = bool | int | float | str
Symbol = Annotated[str, AfterValidator(canonical_symbol)]


@dataclass(frozen=True, slots=True)
class Positional:
    """Marks a field that is given by its place; the last one may take any number of values."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a field's value, as shown to a person."""

    name: str


@dataclass(frozen=True, slots=True)
class Flag:
    """The command-line name of a field where it is not the field's own, such as `--param`."""

    name: str


@dataclass(frozen=True, slots=True)
class FromSetting:
    """The dotted key of the setting that holds where a field is left out."""

    key: str


POSITIONAL: Final = Positional()
# Databases, frames and arrays hold whole numbers of 64 bits.
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class RequestField:
    """One field of a request as its callers need to know it."""

    name: str
    kind: object
    info: FieldInfo

    @property
    def is_positional(self) -> bool:
        """Whether the value is given by its place."""
        return any(isinstance(mark, Positional) for mark in self.info.metadata)

    @property
    def is_required(self) -> bool:
        """Whether there is no default."""
        return self.info.is_required()

    @property
    def default(self) -> object:
        """The value when none is given; None for required fields."""
        return None if self.is_required else self.info.get_default(call_default_factory=True)

    @property
    def is_list(self) -> bool:
        """Whether the field takes any number of values."""
        return get_origin(self.kind) is tuple

    @property
    def is_mapping(self) -> bool:
        """Whether the field takes `name=value` pairs."""
        return get_origin(self.kind) is dict

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that the field takes, when they are fixed."""
        kind = get_args(self.kind)[0] if self.is_list else self.kind
        return tuple(str(word) for word in get_args(kind)) if get_origin(kind) is Literal else ()

    @property
    def flag(self) -> str:
        """The option's name on the command line, or the placeholder of a positional argument."""
        if self.is_positional:
            return self.name.upper()
        named = [mark.name for mark in self.info.metadata if isinstance(mark, Flag)]
        return named[0] if named else f"--{self.name.replace('_', '-')}"

    @property
    def setting(self) -> str | None:
        """Key of the setting that holds when the field is left out."""
        return next((mark.key for mark in self.info.metadata if isinstance(mark, FromSetting)), None)

    @property
    def description(self) -> str:
        """The sentence that explains the field."""
        return self.info.description or ""

    @property
    def limits(self) -> str:
        """Unit and bounds as a person reads them: `US dollars, > 0`."""
        unit = [mark.name for mark in self.info.metadata if isinstance(mark, Unit)]
        bounds = [
            f"{sign} {getattr(mark, name)}"
            for mark in self.info.metadata
            for name, sign in (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤"))
            if getattr(mark, name, None) is not None
        ]
        return ", ".join(unit + bounds)


class Request(BaseModel):
    """A use case's whole input; unknown fields are refused.

    A list field also takes one text with commas (`"SPY,QQQ"`), a mapping field also takes
    texts such as `"alpha=0.001"`, wherever the request comes from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    @classmethod
    def request_fields(cls) -> Iterator[RequestField]:
        """The fields as a caller wants them: positional, needed, the request's own, then inherited ones."""
        own = cls.__annotations__
        fields = [RequestField(name, _plain_kind(info), info) for name, info in cls.model_fields.items()]
        yield from sorted(
            fields, key=lambda field: (not field.is_positional, not field.is_required, field.name not in own)
        )

    @model_validator(mode="before")
    @classmethod
    def _read_texts(cls, values: object) -> object:
        if not isinstance(values, dict):
            return values
        read = dict(cast("dict[str, Any]", values))
        for field in cls.request_fields():
            if field.name in read and field.is_list:
                read[field.name] = _listed(read[field.name], split=Path not in get_args(field.kind))
            elif field.name in read and field.is_mapping:
                read[field.name] = _paired(read[field.name], field.flag)
        return read

    @model_validator(mode="after")
    def _refuse_huge_numbers(self) -> "Request":
        for field in self.request_fields():
            value = getattr(self, field.name)
            if isinstance(value, int) and abs(value) > _LARGEST:
                raise UsageError(f"{field.flag} is {value:,}", hint=f"whole numbers go up to {_LARGEST:,}")
        return self


def _plain_kind(info: FieldInfo) -> object:
    """The annotation without `| None`."""
    kind: object = info.annotation
    if get_origin(kind) in {Union, types.UnionType}:
        rest = [part for part in get_args(kind) if part is not types.NoneType]
        return rest[0] if len(rest) == 1 else kind
    return kind


def _listed(value: object, *, split: bool) -> object:
    if isinstance(value, str | Path):
        value = (value,)
    if not isinstance(value, list | tuple) or not split:
        return cast("object", value)
    parts: list[object] = []
    for part in cast("list[object]", value):
        if isinstance(part, str):
            parts.extend(word.strip() for word in part.split(",") if word.strip())
        else:
            parts.append(part)
    return tuple(parts)


def _paired(value: object, flag: str) -> object:
    if isinstance(value, str):
        value = (value,)
    if not isinstance(value, list | tuple) or not all(
        isinstance(text, str) for text in cast("list[object]", value)
    ):
        return cast("object", value)
    pairs: dict[str, ParameterValue] = {}
    for text in cast("list[str]", value):
        name, equals, content = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{flag} is {text!r}; it must be NAME=VALUE", hint=f"such as {flag} alpha=0.001")
        pairs[name.strip()] = _scalar(content.strip())
    return pairs


def _scalar(text: str) -> ParameterValue:
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
