"""An open home: its settings, state and lake, and every verb as a method."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from quantmill.config.home import Home
from quantmill.config.loading import LoadedSettings, load_settings
from quantmill.config.settings import Settings
from quantmill.core.clock import Clock, SystemClock
from quantmill.errors import ConfigError, NotFoundError
from quantmill.jobs.queue import JobQueue
from quantmill.lake.store import Lake
from quantmill.lake.volumes import open_volume
from quantmill.providers.access import Access
from quantmill.state.engine import State, open_state, state_as_it_is
from quantmill.verbs.calling import call_verb, signature_of
from quantmill.verbs.kernel_cache import keep_kernels_in
from quantmill.verbs.registry import GROUPS, VERBS, Verb

__all__ = ["BoundVerb", "Mill", "VerbGroup"]

_CLOCK = SystemClock()


class Mill:
    """All verbs on one home: `mill.train("SPY", algorithm="elasticnet")`, `mill.models.list()`.

    Use it as a context manager, or call `close` when done. Share it between threads, never across a fork.
    """

    def __init__(self, home: Home, *, loaded_settings: LoadedSettings, clock: Clock = _CLOCK) -> None:
        self.home = home
        self.loaded_settings = loaded_settings
        self.clock = clock

    @classmethod
    def open(cls, home: str | Path, *, clock: Clock = _CLOCK) -> "Mill":
        """Open a home, made on first use.

        Args:
            home: The folder.
            clock: Tells the time.

        Raises:
            ConfigError: If the folder cannot be used, a setting is wrong, or a newer quantmill wrote the state.
        """
        mill = cls.unopened(home, clock=clock)
        _make_folder(mill.home.root)
        keep_kernels_in(mill.home)
        _ = mill.lake
        return mill

    @classmethod
    def existing(cls, home: str | Path, *, clock: Clock = _CLOCK) -> "Mill":
        """Open a home that somebody has stored something in; nothing is made.

        Raises:
            NotFoundError: If there is no such home.
            ConfigError: As `open` does.
        """
        cls.unopened(home, clock=clock).require_home()
        return cls.open(home, clock=clock)

    @classmethod
    def unopened(cls, home: str | Path, *, clock: Clock = _CLOCK) -> "Mill":
        """A home of which only the settings are read; state and lake open when they are used.

        Raises:
            ConfigError: If a setting is unknown or does not fit.
        """
        loaded = load_settings(Path.cwd())
        return cls(Home(Path(home).expanduser()), loaded_settings=loaded, clock=clock)

    def require_home(self) -> None:
        """Refuse to go on where nobody has stored anything.

        Raises:
            NotFoundError: If there is no home in the folder.
        """
        if not self.home.exists and self.settings.state_url is None:
            raise NotFoundError(
                f"there is no quantmill home at {self.home.root}",
                hint="name another with --home or QUANTMILL_HOME; `quantmill ingest`, `import` or `demo` makes one",
            )

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.loaded_settings.values

    @cached_property
    def state(self) -> State:
        """The state database."""
        return open_state(self._state_place)

    @contextmanager
    def state_as_it_is(self) -> Generator[State]:
        """The state database for those who look after it: its schema may be older or newer than the present one."""
        state = state_as_it_is(self._state_place)
        try:
            yield state
        finally:
            state.close()

    @property
    def _state_place(self) -> str | Path:
        url = self.settings.state_url
        return self.home.state_path if url is None else url.get_secret_value()

    @cached_property
    def lake(self) -> Lake:
        """The lake."""
        folder = self.home.lake_path
        volume = open_volume(
            folder,
            self.settings.lake_url,
            self.settings.s3,
            cache_path=self.home.lake_cache_path,
            clock=self.clock,
            codec=self.settings.lake.codec,
        )
        return Lake.open(folder, self.state, self.clock, volume=volume)

    @cached_property
    def access(self) -> Access:
        """How providers reach their servers, with limits that all processes on this home share."""
        return Access(self.settings, self.state, self.clock)

    @cached_property
    def queue(self) -> JobQueue:
        """The jobs of this home."""
        return JobQueue(self.state, self.clock, lease_s=self.settings.jobs.lease_s)

    def close(self) -> None:
        """Give back the connections to the database and to providers; what is used afterwards opens anew."""
        if "access" in self.__dict__:
            self.access.close()
        if "state" in self.__dict__:
            self.state.close()
        for name in ("queue", "lake", "access", "state"):
            self.__dict__.pop(name, None)

    def __enter__(self) -> "Mill":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - each verb has its own result
        words = name.removesuffix("_")
        if words in GROUPS:
            return VerbGroup(self, words)
        if words in VERBS:
            return BoundVerb(self, VERBS[words])
        raise AttributeError(f"quantmill has no verb {name!r}; known are {', '.join(VERBS)}")

    def __dir__(self) -> list[str]:
        verbs = [_python_name(verb.words) for verb in VERBS.values() if verb.group is None]
        return sorted({*super().__dir__(), *verbs, *GROUPS})

    def __repr__(self) -> str:
        return f"Mill({str(self.home.root)!r})"


@dataclass(frozen=True, slots=True)
class VerbGroup:
    """The verbs that share a first word: `mill.features.build`."""

    mill: Mill
    group: str

    def __getattr__(self, name: str) -> "BoundVerb":
        verb = VERBS.get(f"{self.group} {name.removesuffix('_')}")
        if verb is None:
            raise AttributeError(
                f"quantmill has no verb {self.group} {name}; known are {', '.join(dir(self))}"
            )
        return BoundVerb(self.mill, verb)

    def __dir__(self) -> list[str]:
        return sorted(_python_name(verb.name) for verb in VERBS.values() if verb.group == self.group)


class BoundVerb:
    """A verb of an open home, called with the fields of its request."""

    def __init__(self, mill: Mill, verb: Verb) -> None:
        self._mill = mill
        self._verb = verb
        self.__doc__ = verb.help
        self.__name__ = _python_name(verb.name)

    @property
    def __signature__(self) -> object:
        return signature_of(self._verb)

    def __call__(self, *args: object, **options: object) -> Any:  # noqa: ANN401 - each verb has its own result
        """Run the verb; `progress=` takes a `quantmill.core.progress.Progress`."""
        return call_verb(self._mill, self._verb, args, options)

    def __repr__(self) -> str:
        return f"<verb {self._verb.words}{signature_of(self._verb)}: {self._verb.help}>"


def _python_name(word: str) -> str:
    return f"{word}_" if word == "import" else word


def _make_folder(root: Path) -> None:
    hint = "give a folder that you may write to with --home or QUANTMILL_HOME"
    try:
        root.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise ConfigError(f"home {root} is a file; a folder is needed", hint=hint) from error
    except OSError as error:
        raise ConfigError(f"home {root} cannot be made: {error.strerror}", hint=hint) from error
    if not os.access(root, os.W_OK | os.X_OK):
        raise ConfigError(f"home {root} is not writable; quantmill keeps its state there", hint=hint)
