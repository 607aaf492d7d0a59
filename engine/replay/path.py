"""One path again, by its id, with everything on it recorded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from ...kernels import BackendUnavailable
from ...kernels import backend as back_end_of
from ...kernels.packed import Packed, Simulated
from ...kernels.probes.loop_gain import CHANNELS, equity, gains_along
from ...kernels.records import QUANTITIES_OF_NAMES
from ...results import open_results
from ...scenarios import InputError, Scenario
from ..checks import whole
from ..executors import check_back_end
from ..job import Job, job_text, read_job, same_build
from ..run.blocks import packed_scenario
from .book_pnl import financing_by_name, pnl_by_name

HOLDERS = tuple((each.name, each.holder) for each in QUANTITIES_OF_NAMES if each.holder)
"""Who holds what: fields of the trace and their names."""


@dataclass(frozen=True)
class Replay:
    """A path in full. `same` says whether pnl equals the stored one bit for bit.

    `data` has dimensions step (0 is the as-of close) and name; `pnl` and `stored_pnl` (horizons,)
    are fractions of equity, `margin_call_day` is in trading days, NaN when never.
    """

    job: Job
    scenario: str
    path: int
    back_end: str
    data: xr.Dataset
    horizons: tuple[int, ...]
    pnl: npt.NDArray[np.float32]
    stored_pnl: npt.NDArray[np.float32]
    margin_call_day: float
    same_build: bool

    @property
    def same(self) -> bool:
        """Whether the path is the stored one to the last bit."""
        return self.pnl.tobytes() == self.stored_pnl.tobytes()

    def verdict(self) -> str:
        """What the comparison with the store says, in one sentence."""
        if self.same:
            return "The replayed P&L equals the stored one bit for bit."
        gap = float(np.max(np.abs(self.pnl - self.stored_pnl)))
        if self.back_end != self.job.backend:
            return (
                f"Replayed on {self.back_end}, stored from {self.job.backend}: "
                f"P&L differs by at most {gap:.2g} of equity, so this is a similar path."
            )
        if not self.same_build:
            return (
                "The store was made by another build of the model: "
                f"P&L differs by at most {gap:.2g} of equity, so this is a similar path."
            )
        return f"The replayed P&L differs from the stored one by {gap:.2g} of equity."

    @property
    def wrong(self) -> bool:
        """The same build gave another path: the store or this machine is not to be trusted."""
        return not self.same and self.same_build and self.back_end == self.job.backend


def replay(
    store: str | Path, path: int, scenario: str | None = None, *, backend: str | None = None
) -> Replay:
    """Run one path of a finished store again, with everything on it recorded.

    Source: docs/model.md; random numbers are a function of seed and path id alone.

    Parameters
    ----------
    store
        A finished results store.
    path
        Id of the path, 0 to paths - 1.
    scenario
        Its id in the store; None: the only one.
    backend
        What runs it; None: the store's, or the best there is if it cannot run here.

    Returns
    -------
    The path in full: `data`, an xarray Dataset of every quantity by step and name, its P&L beside
    the stored one, and `verdict()`, whether they are equal to the last bit.

    Units: prices relative to the start, holdings in floats, P&L in fractions of equity; every
    variable says its own in `attrs["units"]`.

    Raises
    ------
    StoreError
        The store is unfinished or damaged, or its inputs are of another build.
    InputError
        No such path or scenario.
    BackendUnavailable
        The back end that was asked for cannot run here.

    Example
    -------
    >>> import powderkeg
    >>> store = powderkeg.run("book.csv", "market.csv", "calm.yaml", "out.zarr", paths=1000)
    >>> path = powderkeg.replay(store, 7)
    >>> path.same, path.data["price"].dims
    (True, ('step', 'name'))
    """
    path = whole("path", path)
    if backend is not None:
        check_back_end(backend)
    tree = open_results(store, verify=False)
    job = read_job(store, any_build=True)
    if not 0 <= path < job.paths:
        raise InputError(f"path {path} is not in {store}: its paths are 0 to {job.paths - 1}")
    index = scenario_index(job, scenario)
    try:
        engine = back_end_of(backend or job.backend)
    except BackendUnavailable:
        if backend:
            raise
        engine = back_end_of("auto")
    packed = packed_scenario(job, index)
    result = engine.simulate(packed, np.array([path], np.uint64), trace=True)
    stored = tree["losses"]["pnl"].isel(scenario=index, path=path).values
    return Replay(
        job=job,
        scenario=job.scenarios[index].id,
        path=path,
        back_end=engine.name,
        data=dataset(packed, result, job.scenarios[index], path),
        horizons=tuple(int(day) for day in packed.horizons),
        pnl=result.pnl[packed.horizons - 1, 0],
        stored_pnl=np.asarray(stored, np.float32),
        margin_call_day=float(result.paths["margin_call_day"][0]),
        same_build=same_build(job_text(store)),
    )


def scenario_index(job: Job, scenario: str | None) -> int:
    """The place of a scenario in its job; None: the only one that was given. Raises InputError."""
    ids = [each.id for each in job.scenarios]
    if scenario is None:
        if sum(each.variant_of is None for each in job.scenarios) > 1:
            raise InputError(f"which `scenario`? give one of {', '.join(ids)}")
        return 0
    if scenario not in ids:
        raise InputError(f"the store has no scenario {scenario}; it has {', '.join(ids)}")
    return ids.index(scenario)


def dataset(packed: Packed, result: Simulated, scenario: Scenario, path: int) -> xr.Dataset:
    """The trace as an xarray Dataset, with price, short interest, loop gains, the funds' equity and
    the book's P&L added. Dimensions step, name, channel and, where there are funds, fund.
    """
    assert result.trace is not None
    trace = result.trace[0]
    names = packed.names[: len(packed.symbols)]
    data = xr.Dataset(
        coords={
            "name": ("name", np.array(packed.symbols, object), {"long_name": "symbol"}),
            "time": (
                "step",
                np.concatenate([[0.0], packed.schedule["time"].astype(float)]),
                {"units": "trading days", "long_name": "time since the as-of close"},
            ),
            "channel": ("channel", np.array(CHANNELS, object), {"long_name": "who answers"}),
        },
        attrs={
            "title": f"path {path} of scenario {scenario.id}",
            "scenario": scenario.id,
            "path": path,
        },
    )

    def add(
        name: str, dims: tuple[str, ...], values: npt.ArrayLike, units: str, words: str
    ) -> None:
        data[name] = (dims, np.ascontiguousarray(values), {"units": units, "long_name": words})

    by_name = ("step", "name")
    for each in QUANTITIES_OF_NAMES:
        if each.traced and each.words:
            add(each.name, by_name, trace[each.name], each.unit, each.words)
    price = np.exp(trace["log_price"].astype(float))
    add("price", by_name, price, "1", "price relative to the start")
    shorts = trace["cohort"] + trace["new_shorts"] + np.maximum(-trace["book"], 0)
    words = "short interest of cohort, new shorts and the book"
    add("short_interest", by_name, shorts, "floats", words)
    gains = gains_along(packed, result.trace, first_path=path)
    split = np.stack([gains[channel][0] for channel in CHANNELS], axis=-1)
    add("loop_gain", (*by_name, "channel"), split, "1", "loop gain by channel")
    add("total_loop_gain", by_name, gains["total"][0], "1", "loop gain of all channels")
    if funds := list(scenario.funds):
        words = "name of the fund"
        data = data.assign_coords(fund=("fund", np.array(funds, object), {"long_name": words}))
        held = np.stack([trace[f"fund_{k + 1}"] for k in range(len(funds))], axis=-1)
        add("fund_holding", (*by_name, "fund"), held, "floats", "shares of the fund")
        value = packed.positions["value"][: len(names)].astype(float)
        worth = [equity(price[None], held[None, ..., k], value[:, k])[0] for k in range(len(funds))]
        words = "equity of the fund, 1 at the start"
        add("fund_equity", ("step", "fund"), np.stack(worth, axis=-1), "1", words)
    pnl = pnl_by_name(packed, trace) - financing_by_name(packed, result.trace)[0]
    add("pnl_by_name", by_name, pnl, "1", "profit and loss by name, fraction of equity")
    words = "profit and loss of the book, fraction of equity"
    add("pnl", ("step",), pnl.sum(axis=1), "1", words)
    return data
