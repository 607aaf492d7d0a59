"""powderkeg: how much can a short-heavy book lose when the market turns its own hedging against it?

The rooms are `powderkeg.scenarios` (what is simulated), `powderkeg.kernels` (how a path moves),
`powderkeg.engine` (who runs what where) and `powderkeg.results` (what came out). They load when
first touched: opening a results store needs neither Dask nor CuPy.

    powderkeg.run("book.csv", "market.csv", ["gme-2021"], "out.zarr", paths=1_000_000)
    powderkeg.open("out.zarr")["measures"]
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

ROOMS = ("engine", "kernels", "results", "scenarios")
# Public names and where they live.
NAMES = {
    "BackendUnavailable": ("kernels", "BackendUnavailable"),
    "CalibrationRequest": ("engine.calibrate.request", "CalibrationRequest"),
    "Incomplete": ("engine.errors", "Incomplete"),
    "InputError": ("scenarios", "InputError"),
    "Interrupted": ("engine.errors", "Interrupted"),
    "Placement": ("engine.executors.placement", "Placement"),
    "RunRequest": ("engine.run.request", "RunRequest"),
    "Size": ("engine.calibrate.fit", "Size"),
    "StoreError": ("results", "StoreError"),
    "calibrate": ("engine.calibrate.calibrate", "calibrate"),
    "check": ("engine.check", "check"),
    "compare": ("engine.compare.compare", "compare"),
    "open": ("results", "open_results"),
    "replay": ("engine.replay.path", "replay"),
    "report": ("engine.report", "report"),
    "resume": ("engine.run.execute", "resume"),
    "reverse": ("engine.reverse.answer", "reverse"),
    "run": ("engine.run.execute", "run"),
    "score": ("engine.calibrate.scorecard", "score"),
    "whatif": ("engine.whatif.effects", "whatif"),
}

__all__ = ["__version__", *NAMES]

try:
    __version__ = version("powderkeg")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"


def __getattr__(name: str) -> Any:
    if name in NAMES:
        module, function = NAMES[name]
        return getattr(import_module(f"{__name__}.{module}"), function)
    if name in ROOMS:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *ROOMS])
