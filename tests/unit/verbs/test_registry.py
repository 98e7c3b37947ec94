"""Every verb is declared once, and everything else derives from that."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

from quantmill import verbs
from quantmill.cli.options import command_parameters
from quantmill.config.home import Home
from quantmill.verbs.mill import Mill
from quantmill.verbs.registry import GROUPS, VERBS, Verb
from quantmill.verbs.request import Request

each_verb = pytest.mark.parametrize("verb", VERBS.values(), ids=list(VERBS))


@each_verb
def test_module_has_request_flag_and_run(verb: Verb) -> None:
    module = importlib.import_module(f"quantmill.verbs.{verb.module}")

    assert issubclass(verb.request_type(), Request)
    assert (verb.access != "writes") == module.READS_ONLY
    assert list(inspect.signature(module.run).parameters) == ["mill", "request", "progress"]
    assert module.run.__doc__


@each_verb
def test_help_is_the_request_docstring(verb: Verb) -> None:
    assert (inspect.getdoc(verb.request_type()) or "").partition("\n")[0] == verb.help


@each_verb
def test_every_field_has_a_sentence(verb: Verb) -> None:
    for field in verb.request_type().request_fields():
        assert re.fullmatch(r".+[.]", field.description), f"{verb.words} {field.name}: {field.description!r}"


@each_verb
def test_command_options_come_from_the_request(verb: Verb) -> None:
    names = {parameter.name for parameter in command_parameters(verb, verb.request_type())}

    extra = {"home", "as_json", "verbose"} | ({"out"} if verb.access == "reads" else set())
    extra |= {"picture"} if verb.extra("draw") is not None else set()
    assert names == set(verb.request_type().model_fields) | extra


@each_verb
def test_python_method_comes_from_the_request(verb: Verb, tmp_path: Path) -> None:
    mill = Mill.unopened(tmp_path / "never-made")
    owner = mill if verb.group is None else getattr(mill, verb.group)

    method = getattr(owner, verb.name)

    assert set(inspect.signature(method).parameters) == set(verb.request_type().model_fields)
    assert not (tmp_path / "never-made").exists()


def test_no_verb_hides_an_attribute_of_the_home(tmp_path: Path) -> None:
    mill = Mill.unopened(tmp_path)

    taken = {verb.words for verb in VERBS.values() if verb.group is None} | set(GROUPS)

    assert {name for name in taken if name in vars(Mill) or name in vars(mill)} == set()
    assert isinstance(mill.home, Home)


def test_every_verb_file_is_in_the_table() -> None:
    folder = Path(verbs.__path__[0])
    with_run = {path.stem for path in folder.glob("*.py") if "\ndef run(" in path.read_text(encoding="utf-8")}

    assert with_run == {verb.module for verb in VERBS.values()}


def test_groups_have_verbs() -> None:
    assert {verb.group for verb in VERBS.values()} - {None} == set(GROUPS)
