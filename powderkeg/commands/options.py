"""Options that several commands share."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

if TYPE_CHECKING:  # a placement is made by `placed`; naming it must not load the engine
    from ..engine.executors.placement import Placement

    Place = Placement
else:
    Place = object

Store = Annotated[Path, typer.Argument(metavar="STORE", help="A results store.")]
Paths = Annotated[str, typer.Option(metavar="N", help="Paths per scenario; 1e6 is a million.")]
Seed = Annotated[str, typer.Option(metavar="N", help="Seed of the random numbers.")]
BackEnd = Annotated[str, typer.Option(help="auto, cuda, native or reference.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Limits = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Limits on measures, YAML; exit code 3 if one breaks."),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse inputs that the rules of plausibility warn of.")
]
Accept = Annotated[
    list[str] | None,
    typer.Option(
        metavar="RULE", help="A rule of plausibility whose findings are right; may be repeated."
    ),
]
Yesterday = Annotated[
    Path | None,
    typer.Option(metavar="STORE", help="A store of an earlier day to hold the inputs against."),
]
Symbols = list[str] | None
Measure = Annotated[
    str | None,
    typer.Option(
        metavar="MEASURE",
        help="Loss of a path: worst, worst_close or day_N; default: the store's.",
    ),
]

File = str | None
PLACEMENT: dict[str, tuple[Any, Any]] = {
    "workers": (
        Annotated[
            str | None,
            typer.Option(metavar="N", help="Threads or processes; default: one per core or GPU."),
        ],
        None,
    ),
    "cluster": (
        Annotated[
            str,
            typer.Option(
                help="embedded (threads), local (processes) or an address tls://HOST:PORT."
            ),
        ],
        "embedded",
    ),
    "tls_ca_file": (
        Annotated[File, typer.Option(metavar="PEM", help="Who signs for a cluster at tls://.")],
        None,
    ),
    "tls_cert": (
        Annotated[File, typer.Option(metavar="PEM", help="Our certificate for it.")],
        None,
    ),
    "tls_key": (
        Annotated[File, typer.Option(metavar="PEM", help="The key of our certificate.")],
        None,
    ),
    "plain_tcp": (
        Annotated[
            bool,
            typer.Option(
                "--allow-plain-tcp",
                help="Take an address tcp://, which runs programs of whoever reaches it.",
            ),
        ],
        False,
    ),
}
"""Where a command simulates: option, type and default of each field."""


def placed(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the options of a placement, which reach it as its argument `placement`."""
    hints = get_type_hints(command, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name])
        for name, parameter in signature(command).parameters.items()
        if name != "placement"
    ]
    more = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in PLACEMENT.items()
    ]

    @wraps(command)
    def with_placement(**arguments: Any) -> None:
        options = {name: arguments.pop(name) for name in PLACEMENT}
        command(**arguments, placement=_placement(**options))

    parameters = [*own, *more]
    vars(with_placement)["__signature__"] = Signature(parameters)
    with_placement.__annotations__ = {each.name: each.annotation for each in parameters}
    return with_placement


def _placement(
    workers: str | None,
    cluster: str,
    tls_ca_file: str | None,
    tls_cert: str | None,
    tls_key: str | None,
    plain_tcp: bool,
) -> Place:
    """A placement, checked. Raises InputError."""
    from ..engine.executors import check_placement
    from ..engine.executors.placement import Placement, Tls
    from .arguments import whole

    tls = Tls(tls_ca_file, tls_cert, tls_key)
    placement = Placement(cluster, whole("--workers", workers), tls, plain_tcp)
    check_placement(placement)
    return placement


def print_json(tree: Any) -> None:
    """Plain objects as JSON; NaN is refused."""
    print(json.dumps(tree, indent=2, allow_nan=False))
