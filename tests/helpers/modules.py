"""The modules of the tree as they stand: what each imports, and how long its parts are."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import resolve_name
from pathlib import Path

FOLDERS = ("powderkeg", "engine", "kernels", "results", "scenarios")


@dataclass(frozen=True)
class Module:
    """A source file under its absolute name."""

    name: str
    file: Path
    text: str

    @property
    def package(self) -> str:
        """What its relative imports start from."""
        whole = self.file.name == "__init__.py"
        return self.name if whole else self.name.rpartition(".")[0]

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)


def modules(root: Path) -> dict[str, Module]:
    """Every module of the package by its absolute name, each read once."""
    tree = {}
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*.py")):
            parts = file.relative_to(root).with_suffix("").parts
            if folder == "powderkeg" and len(parts) > 2 and parts[1] in FOLDERS:
                continue  # through a link
            parts = parts if folder == "powderkeg" else ("powderkeg", *parts)
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            tree[name] = Module(name, file, file.read_text())
    return tree


def imports(module: Module) -> set[str]:
    """Absolute names of everything that a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), module.package)
            names |= {f"{base}.{alias.name}" for alias in node.names}
    return names


def place(name: str, tree: Mapping[str, Module]) -> str:
    """The module that an imported name stands in, "" for one of another package."""
    while name and name not in tree:
        name = name.rpartition(".")[0]
    return name


def circles(tree: Mapping[str, Module]) -> list[tuple[str, ...]]:
    """Groups of modules that import one another, sorted; a package may be imported from below."""
    graph = {
        name: {
            other
            for other in (place(imported, tree) for imported in imports(module))
            if other and not f"{name}.".startswith(f"{other}.")
        }
        for name, module in tree.items()
    }
    beyond = {name: _reachable(name, graph) for name in graph}
    found = {
        tuple(sorted(other for other in beyond[name] if name in beyond[other]))
        for name in graph
        if name in beyond[name]
    }
    return sorted(found)


def _reachable(name: str, graph: Mapping[str, Iterable[str]]) -> set[str]:
    seen: set[str] = set()
    todo = list(graph[name])
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            todo += graph[one]
    return seen
