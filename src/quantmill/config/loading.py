"""Reads settings from `quantmill.toml`, `.env` and the environment, and remembers where each value came from."""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from dotenv import dotenv_values
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource, TomlConfigSettingsSource

from quantmill.config.settings import Settings
from quantmill.config.vendor_names import vendor_settings
from quantmill.errors import ConfigError

__all__ = ["LoadedSettings", "load_settings"]

_PREFIX: Final = "QUANTMILL_"
_NOT_SETTINGS: Final = frozenset({"QUANTMILL_HOME", "QUANTMILL_REAL_DATA", "QUANTMILL_TEST_POSTGRES"})


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings, and per dotted key the place its value came from."""

    values: Settings
    origins: Mapping[str, str]

    def rows(self) -> list[dict[str, str]]:
        """One row per key: key, value (secrets masked), origin, description."""
        return [
            {"key": key, "value": str(value), "origin": self.origins[key], "description": text}
            for key, value, text in _leaves(self.values)
        ]


def load_settings(folder: Path) -> LoadedSettings:
    """Settings by rising precedence: defaults, `folder/quantmill.toml`, `folder/.env`, environment.

    Raises:
        ConfigError: If a key is unknown (the nearest known one is named) or a value does not fit.
    """
    origins = {key: "default" for key, _, _ in _leaves(Settings.model_construct())}
    tree: dict[str, Any] = {}
    for origin, part in _sources(folder, known=tuple(origins)):
        for key in _flat(part):
            _check_key(key, origin, known=tuple(origins))
            origins[key] = origin
        _merge(tree, part)
    try:
        return LoadedSettings(Settings.model_validate(tree), origins)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"setting {key} from {origins.get(key, 'the settings')} is {first['input']!r}: {first['msg']}",
            hint="`quantmill config show` lists every key with its meaning",
        ) from error


def _sources(folder: Path, *, known: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    toml_path, env_path = folder / "quantmill.toml", folder / ".env"
    try:
        yield str(toml_path), TomlConfigSettingsSource(Settings, toml_file=toml_path)()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{toml_path} is not TOML: {error}", hint="correct or remove the file") from error
    for origin, names, source in (
        (str(env_path), dotenv_values(env_path), DotEnvSettingsSource(Settings, env_file=env_path)),
        ("environment", os.environ, EnvSettingsSource(Settings)),
    ):
        for name in names:
            if name.upper().startswith(_PREFIX) and name.upper() not in _NOT_SETTINGS:
                _check_key(name.upper().removeprefix(_PREFIX).replace("__", ".").lower(), origin, known=known)
        yield f"{origin} (a vendor's name)", vendor_settings(names)
        yield origin, {key: value for key, value in source().items() if key in Settings.model_fields}


def _check_key(key: str, origin: str, *, known: tuple[str, ...]) -> None:
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "`quantmill config show` lists every key"
        raise ConfigError(f"unknown setting {key} in {origin}", hint=hint)


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(cast(dict[str, Any], value), f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _merge(tree: dict[str, Any], part: Mapping[str, Any]) -> None:
    for name, value in part.items():
        if isinstance(value, dict) and isinstance(tree.get(name), dict):
            _merge(tree[name], cast(dict[str, Any], value))
        else:
            tree[name] = value


def _leaves(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, object, str]]:
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            shown = "********" if isinstance(value, SecretStr) else value
            yield f"{prefix}{name}", shown, field.description or ""
