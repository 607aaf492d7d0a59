"""Where blocks run: threads of this process, processes of this machine, or a cluster."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from numbers import Integral

from ...kernels import CHOICES
from ...scenarios.errors import InputError
from . import cluster, embedded, local
from .placement import Placement, gpus
from .protocol import Executor

WAYS = {"embedded": embedded.start, "local": local.start}
"""Executors by the word that asks for them; anything else is an address."""
MOST_WORKERS = 4096

_ADDRESS = re.compile(r"(tcp|tls)://\S+:\d{1,5}", re.ASCII)


def executor(placement: Placement, back_end: str = "native") -> AbstractContextManager[Executor]:
    """The executor that is asked for, alive within `with`.

    Raises InputError as `check_placement`, and where nothing answers at an address.
    """
    check_placement(placement)
    start = WAYS.get(placement.cluster, cluster.start)
    return start(placement, gpus(back_end))


def check_placement(placement: Placement, back_end: str = "auto") -> None:
    """Raises InputError for a word that is no cluster or back end, no workers, an open port.

    Also for what its cluster has no use for: it was meant for another one.
    """
    check_back_end(back_end)
    if not isinstance(placement, Placement):
        raise InputError(f'placement: {placement!r} is none; write Placement("local", workers=4)')
    where, workers = placement.cluster, placement.workers
    address = _ADDRESS.fullmatch(where)
    if where not in WAYS and address is None:
        raise InputError(
            f'cluster: "{where}" is not {", ".join(WAYS)} or an address tls://HOST:PORT'
        )
    if workers is not None and not _is_whole(workers):
        raise InputError(f"workers: {workers!r} is not a whole number")
    if workers is not None and not 1 <= workers <= MOST_WORKERS:
        raise InputError(f"workers: {workers} is not between 1 and {MOST_WORKERS}")
    if workers is not None and address:
        raise InputError("workers: a running cluster has its own workers; leave it out")
    if where.startswith("tcp://") and not placement.plain_tcp:
        raise InputError(
            f"cluster: whoever reaches {where} runs programs as its owner; use tls:// with "
            "certificates, or take the risk with `plain_tcp`"
        )
    if placement.plain_tcp and not where.startswith("tcp://"):
        raise InputError(
            f"plain_tcp: goes with a cluster at tcp://HOST:PORT, not with {where}; leave it out"
        )
    if any((placement.tls.ca_file, placement.tls.cert, placement.tls.key)) and not (
        address and address[1] == "tls"
    ):
        raise InputError("tls_ca_file, tls_cert and tls_key go with a cluster at tls://HOST:PORT")


def _is_whole(value: object) -> bool:
    """Whether it is an integer of any kind: types are not checked at run time, and 2.5 is some."""
    return not isinstance(value, bool) and isinstance(value, Integral)


def check_back_end(name: str) -> None:
    """Raises InputError for a word that is no back end."""
    if name not in CHOICES:
        raise InputError(f'backend: "{name}" is not one of {", ".join(CHOICES)}')
