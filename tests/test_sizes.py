"""How long files, functions and lists of arguments may be, unless the code says why.

A comment `# long: ...` says it: for a file before its first statement, for a function above its
first line or within its signature.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.modules import Module, modules

ROOT = Path(__file__).parents[1]
LINES, FUNCTION, ARGUMENTS = 400, 60, 8
REASON = "# long: "
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(module: Module) -> Iterator[Function]:
    for node in ast.walk(module.tree):
        if isinstance(node, Function):
            yield node


def excused(module: Module, node: Function) -> bool:
    """Whether the head of a function says why it is long."""
    first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
    head = module.text.splitlines()[first - 2 : node.body[0].lineno - 1]
    return any(REASON in line for line in head)


def too_long(module: Module) -> list[str]:
    """Files and functions that are longer than they may be."""
    found = []
    length = module.text.count("\n")
    if length > LINES and not any(
        line.startswith(REASON) for line in module.text.splitlines()[: _first_line(module)]
    ):
        found.append(f"{module.file}: {length} lines")
    for node in functions(module):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1 - _docstring(node)
        if lines > FUNCTION and not excused(module, node):
            found.append(f"{module.file}: {node.name}: {lines} lines")
    return found


def too_many(module: Module) -> list[str]:
    """Functions with longer lists of arguments than they may have; self and cls are none."""
    found = []
    for node in functions(module):
        names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
        count = len(names) - (names[:1] in (["self"], ["cls"]))
        if count > ARGUMENTS and not excused(module, node):
            found.append(f"{module.file}: {node.name}: {count} arguments")
    return found


def place(line: str) -> str:
    """File and function of a finding, below the root."""
    return Path(line.rpartition(":")[0]).relative_to(ROOT).as_posix()


def _docstring(node: Function) -> int:
    """Lines of a function's docstring: what a reader is told does not make the code longer."""
    first = node.body[0]
    if ast.get_docstring(node, clean=False) is None:
        return 0
    return (first.end_lineno or first.lineno) - first.lineno + 1


def _first_line(module: Module) -> int:
    """Line of the first statement that is no docstring."""
    body = module.tree.body
    return next((n.lineno for n in body if not isinstance(n, ast.Expr)), 1)


@pytest.fixture(scope="module")
def tree() -> dict[str, Module]:
    return modules(ROOT)


def test_no_file_and_no_function_is_too_long(tree: dict[str, Module]) -> None:
    assert [place(line) for m in tree.values() for line in too_long(m)] == []


def test_no_list_of_arguments_is_too_long(tree: dict[str, Module]) -> None:
    """Commands are exempt: there an argument is an option."""
    library = [m for m in tree.values() if not m.name.startswith("powderkeg.commands.")]
    assert [place(line) for module in library for line in too_many(module)] == []


def module(text: str) -> Module:
    return Module("powderkeg.engine.x", Path("x.py"), text)


@pytest.mark.parametrize("reason", ["", "# long: a table\n"])
def test_what_is_too_long_is_seen_and_a_reason_excuses_it(reason: str) -> None:
    body = '    """Doc."""\n' + "    x = 1\n" * FUNCTION
    arguments = ", ".join(f"a{i}" for i in range(ARGUMENTS + 1))
    long = module(f"y = 1\n{reason}def f({arguments}):\n{body}")
    assert [bool(too_long(long)), bool(too_many(long))] == [not reason] * 2
    file = module(f'"""Doc."""\n{reason}' + "x = 1\n" * (LINES + 1))
    assert bool(too_long(file)) == (not reason)
    short = module(f"def f(self, {', '.join(f'a{i}' for i in range(ARGUMENTS))}):\n    x = 1\n")
    assert too_long(short) == too_many(short) == []
