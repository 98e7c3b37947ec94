"""Where each verb is found: method and path, derived from its words and the fields of its request."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from quantmill.verbs.registry import VERBS, Access, Verb

__all__ = ["NOT_SERVED", "PREFIX", "Address", "addresses"]

PREFIX: Final = "/api"
# Verbs that have no place on a server, each with the reason.
NOT_SERVED: Final = {
    "demo": "it fills a home of its own",
    "export": "it writes wherever on the server's machine it is told to",
    "db upgrade": "a server brings the state to the newest schema when it opens the home",
    "db reset": "it takes away what the server and its callers work on",
}
# A query is too long for an address.
_ASKED_BY_BODY: Final = frozenset({"sql"})
# Writes too small to wait in the line of jobs.
_AT_ONCE: Final = {"jobs cancel": "/jobs/{job_id}/cancel", "optimize pause": "/optimize/{batch}/pause"}
_FURTHER: Final = {"ingest": "/ingest/{symbols}"}
_WITHOUT_PREFIX: Final = frozenset(
    {
        "/ingest/{symbols}",
        "/bars/{symbol}",
        "/symbols",
        "/features/{symbol}",
        "/models",
        "/runs",
        "/leaderboard",
    }
)


@dataclass(frozen=True, slots=True)
class Address:
    """One method and path of a verb.

    Attributes:
        verb: The verb.
        method: GET for a question, POST for work and for questions with a body.
        path: Path with `{field}` for fields of the request.
        is_job: Whether the work waits in line; the answer then names the job.
        is_alias: Whether the same verb has this path under `/api` as well.
    """

    verb: Verb
    method: Literal["GET", "POST"]
    path: str
    is_job: bool
    is_alias: bool = False

    @property
    def path_fields(self) -> tuple[str, ...]:
        """The fields that are given in the path."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def access(self) -> Access:
        """What the verb does with the home; a small write makes none."""
        return "reads" if self.verb.access == "writes" and not self.is_job else self.verb.access

    @property
    def is_page(self) -> bool:
        """Whether the answer is a page of HTML instead of JSON."""
        return self.verb.extra("page") is not None

    @property
    def operation_id(self) -> str:
        """A name that no other address has."""
        words = [self.verb.words.replace(" ", "_")]
        words += [f"by_{field}" for field in self.path_fields] + (["short"] if self.is_alias else [])
        return "_".join(words)


def addresses() -> tuple[Address, ...]:
    """The addresses of all verbs; fixed paths before those with fields, so that the first match is right."""
    found = [address for verb in VERBS.values() if verb.words not in NOT_SERVED for address in _of(verb)]
    return tuple(sorted(found, key=lambda address: (len(address.path_fields), address.path)))


def _of(verb: Verb) -> Iterator[Address]:
    is_job = verb.access == "writes" and verb.words not in _AT_ONCE
    method = "POST" if verb.access == "writes" or verb.words in _ASKED_BY_BODY else "GET"
    for path in _paths(verb, with_fields=method == "GET"):
        address = Address(verb, method, PREFIX + path, is_job)
        yield address
        if path in _WITHOUT_PREFIX:
            yield replace(address, path=path, is_alias=True)


def _paths(verb: Verb, *, with_fields: bool) -> Iterator[str]:
    """`features list` is /features; `features show` with its one positional field /features/{symbol}.

    A `show` of many things beside a `list` keeps its word: /quarantine/show.
    """
    if verb.words in _AT_ONCE:
        yield _AT_ONCE[verb.words]
        return
    places = [field for field in verb.request_type().request_fields() if field.is_positional]
    place = places[0] if with_fields and places and not places[0].is_list else None
    words = verb.words.split()
    is_told_apart = place is not None or f"{verb.group} list" not in VERBS
    is_bare = verb.group is not None and (verb.name == "list" or (verb.name == "show" and is_told_apart))
    path = "/" + "/".join(words[:-1] if is_bare else words)
    if place is None or not place.is_required:
        yield path
    if place is not None:
        yield f"{path}/{{{place.name}}}"
    if verb.words in _FURTHER:
        yield _FURTHER[verb.words]
