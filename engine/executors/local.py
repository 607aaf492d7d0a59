"""Processes of this machine: a Dask cluster that nobody else can join or talk to.

Its ports are on the loopback interface, which every user of a machine reaches, and a Dask port runs
whatever it is sent. So scheduler, workers and client speak TLS with a certificate of this run that
exists in their memory alone, and hang up on whoever does not have it.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .placement import Placement, cores
from .protocol import Executor
from .through_dask import connected, no_second_chances

LOOPBACK = "127.0.0.1"


def visible_devices(count: int) -> list[str]:
    """The GPUs that this process sees, as it was told of them: `6`, `GPU-8ec1...`, `MIG-...`.

    Numbers of its own would name other devices in a process that is told them.
    """
    entries = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = [str(i) for i in range(count)] if entries is None else entries.split(",")
    return [name.strip() for name in names][:count]


def specifications(workers: int, gpus: int, security: Any) -> dict[int, dict[str, Any]]:
    """Single-threaded worker processes for SpecCluster, each with a GPU of its own if any."""
    from distributed import Nanny

    devices = visible_devices(gpus)[:workers]
    environments = [
        {
            "CUDA_VISIBLE_DEVICES": name,
            "CUDA_DEVICE_ORDER": os.environ.get("CUDA_DEVICE_ORDER", "PCI_BUS_ID"),
        }
        for name in devices
    ]
    return {
        i: {
            "cls": Nanny,
            "options": {
                "nthreads": 1,
                "host": LOOPBACK,
                "protocol": "tls",
                "security": security,
                "memory_limit": 0,  # blocks are sized beforehand; pausing would only stall the run
                "env": environment,
                "dashboard": False,
                # Dask opens an HTTP port whatever is asked; it is a free one, and bare.
                "dashboard_address": f"{LOOPBACK}:0",
                "silence_logs": 50,
            },
        }
        for i, environment in enumerate(environments or [{}] * workers)
    }


def local_cluster(workers: int, gpus: int = 0, dashboard: bool = False) -> Any:
    """The cluster; `cluster.security` holds its certificate."""
    from distributed import Scheduler, SpecCluster
    from distributed.security import Security

    security = Security.temporary()
    options = {
        "host": LOOPBACK,
        "protocol": "tls",
        "security": security,
        "dashboard": dashboard,
        "dashboard_address": f"{LOOPBACK}:8787" if dashboard else f"{LOOPBACK}:0",
    }
    return SpecCluster(
        workers=specifications(workers, gpus, security),
        scheduler={"cls": Scheduler, "options": options},
        security=security,
        silence_logs=50,
    )


@contextmanager
def workers_deaf_to_interrupts() -> Iterator[None]:
    """Ctrl-C in a terminal reaches every process of the group; only this one should answer."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # inherited by what is started now
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def start(placement: Placement, gpus: int, dashboard: bool) -> Iterator[Executor]:
    """One process per core, or per GPU."""
    from distributed import Client

    workers = placement.workers or gpus or cores()
    workers = min(workers, gpus) if gpus else workers
    kind = "GPU process" if gpus else "process"
    words = f"{workers} {kind}{'es' * (workers > 1)} of this machine"
    with no_second_chances():
        with workers_deaf_to_interrupts():
            cluster = local_cluster(workers, gpus, dashboard)
        client = Client(cluster, security=cluster.security, set_as_default=False)
        with connected(client, words, workers, owned=cluster) as executor:
            yield executor
