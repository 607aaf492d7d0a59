"""The `powderkeg` command, one file a subcommand: all that knows an option or an exit code.

Exit codes: 0 fine, 1 user error, 2 incomplete, 3 verification failed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from .. import __version__
from .bench import bench
from .book import DEFAULT, book
from .calibrate import calibrate
from .check import check
from .compare import compare
from .demo import demo
from .doctor import doctor
from .market import market
from .replay import replay
from .report import report
from .resume import resume
from .reverse import reverse
from .run import run
from .scenarios import scenarios
from .show import show
from .validate import validate
from .whatif import whatif

app = typer.Typer(
    name="powderkeg",
    help="How much can a short-heavy book lose when the market turns its own hedging against it?",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def _front(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(f"powderkeg {__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


for command in (
    run, resume, show, report, replay, demo, scenarios, whatif, reverse, compare, check,
    calibrate, doctor, bench, validate,
):  # fmt: skip
    app.command()(command)

app.add_typer(market, name="market")
app.add_typer(book, name="book")


def options_of(words: Sequence[str]) -> dict[str, str]:
    """Long options of the command that the words call, by its parameters."""
    called: Any = None
    commands = getattr(typer.main.get_command(app), "commands", {})
    for word in words:  # `market build`: a command of a command
        if word in commands:
            called = commands[word]
            commands = getattr(called, "commands", {})
    called = commands.get(DEFAULT, called)
    return {
        parameter.name: next(o for o in parameter.opts if o.startswith("--"))
        for parameter in (called.params if called else ())
        if any(o.startswith("--") for o in parameter.opts)
    }


def main() -> None:
    """Run the command; every failure is one line on stderr and an exit code."""
    try:
        code = app(prog_name="powderkeg", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:
        from .exits import (
            explain,
            others,
        )  # knows the rooms' failures; a command that succeeds does not

        for line in others(error):
            print(line, file=sys.stderr)
        message, code = explain(error, options_of(sys.argv[1:]))
        if message:
            print(f"powderkeg: {message}", file=sys.stderr)
    sys.exit(code)
