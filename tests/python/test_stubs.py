"""The package's interface: stubs name what the bindings have, public things say what they are."""

import ast
import importlib
import inspect
from pathlib import Path

import circuit
import pytest

PACKAGE = Path(circuit.__file__).parent


def public(names):
    return {name for name in names if not name.startswith("_")}


def stub_names(path):
    """{name: names of the members of a class, or None}."""
    names = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef):
            names[node.name] = {child.name for child in node.body if hasattr(child, "name")}
        elif isinstance(node, ast.FunctionDef):
            names[node.name] = None
        elif isinstance(node, ast.AnnAssign):
            names[node.target.id] = None
    return names


@pytest.mark.parametrize("name", ["_graph", "_model"])
def test_stubs_name_what_the_bindings_have(name, model):
    module = importlib.import_module(f"circuit.{name}")
    stubs = stub_names(PACKAGE / f"{name}.pyi")
    assert stubs.keys() == public(vars(module))
    for class_name, members in stubs.items():
        if members is not None:
            bound = public(vars(getattr(module, class_name)))
            assert public(members) == bound, class_name


@pytest.mark.parametrize("name", ["_graph", "_model"])
def test_stubs_have_the_bindings_arguments(name, model):
    module = importlib.import_module(f"circuit.{name}")
    tree = ast.parse((PACKAGE / f"{name}.pyi").read_text())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            first_line = getattr(module, node.name).__doc__.splitlines()[0]
            places = [first_line.find(f"{argument.arg}: ") for argument in node.args.args]
            assert -1 not in places and places == sorted(places), first_line


def test_everything_public_says_what_it_is():
    for name in circuit.__all__:
        thing = getattr(circuit, name)
        if name == "__version__":
            continue
        assert inspect.getdoc(thing), name
        if (
            inspect.isclass(thing)
            and thing.__module__.startswith("circuit.")
            and thing.__module__ not in ("circuit._graph", "circuit._model")
        ):
            for member, value in vars(thing).items():
                is_property = isinstance(value, property) or hasattr(value, "attrname")
                if not member.startswith("_") and (callable(value) or is_property):
                    assert inspect.getdoc(value), f"{name}.{member}"


def test_public_calls_have_types():
    assert (PACKAGE / "py.typed").exists()
    for name in circuit.__all__:
        thing = getattr(circuit, name)
        if inspect.isfunction(thing):
            calls = [thing]
        elif inspect.isclass(thing):
            calls = [value for value in vars(thing).values() if inspect.isfunction(value)]
        else:
            calls = []
        for call in calls:
            hints = call.__annotations__
            parameters = [p for p in inspect.signature(call).parameters if p != "self"]
            assert hints.keys() >= {*parameters, "return"}, call.__qualname__
