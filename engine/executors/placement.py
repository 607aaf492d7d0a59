"""Where a computation runs, as it is asked for: a way, how many workers, certificates."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ...kernels.backends import kind


@dataclass(frozen=True)
class Tls:
    """Files in PEM by which a running cluster and this program know each other.

    Names as in Dask's configuration (`distributed.comm.tls.*`), which holds where none is given.
    """

    ca_file: str | None = None
    cert: str | None = None
    key: str | None = None


NO_FILES = Tls()


@dataclass(frozen=True)
class Placement:
    """Where a computation runs. Results never depend on it.

    Parameters
    ----------
    cluster
        `embedded`, threads of this process; `local`, processes of this machine; or the address of a
        Dask scheduler, tls://HOST:PORT.
    workers
        Threads or processes; None: one per core or GPU. A running cluster has its own.
    tls
        Certificates for an address; none: those of Dask's configuration.
    plain_tcp
        Take an address tcp://, which runs programs of whoever reaches it.

    Example
    -------
    >>> import powderkeg
    >>> powderkeg.Placement("local", workers=4).workers
    4
    """

    cluster: str = "embedded"
    workers: int | None = None
    tls: Tls = NO_FILES
    plain_tcp: bool = False


EMBEDDED = Placement()
"""Threads of this process, one per core."""


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpus(back_end: str) -> int:
    """How many GPUs a run on this back end spreads over."""
    return kind(back_end).devices()


def default_workers(back_end: str) -> int:
    """Workers where none are asked for: one per GPU or core."""
    return gpus(back_end) or cores()
