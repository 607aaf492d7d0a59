"""Processes of this machine: a Dask cluster that nobody else can join or talk to.

Its ports are on the loopback interface, which every user of a machine reaches, and a Dask port runs
whatever it is sent. So scheduler, workers and client speak TLS with a certificate of this run that
exists in their memory alone, and hang up on whoever does not have it. The pages that Dask serves
over plain HTTP, such as identities, logs and call stacks, are left out.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import resource_tracker
from typing import Any

from .placement import Placement, cores
from .protocol import Executor
from .through_dask import connected

LOOPBACK = "127.0.0.1"
PAGES = ["distributed.http.health"]
"""What Dask's HTTP ports, which it opens whatever is asked, may answer: `ok`."""
END_SECONDS = 30
"""How long workers may take to end after Ctrl-C; a second one does not wait for them."""


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
                "dashboard_address": f"{LOOPBACK}:0",
                "silence_logs": 50,
            },
        }
        for i, environment in enumerate(environments or [{}] * workers)
    }


def scheduler_alone() -> Any:
    """The cluster before its workers; `cluster.security` holds its certificate.

    Interrupted, it leaves no process behind but its port, until this program ends.
    """
    from distributed import Scheduler, SpecCluster
    from distributed.security import Security

    security = Security.temporary()
    options = {
        "host": LOOPBACK,
        "protocol": "tls",
        "security": security,
        "dashboard": False,
        "dashboard_address": f"{LOOPBACK}:0",
        # A killed worker fails what it ran at once; `run_all` counts how often a block is tried.
        "allowed_failures": 0,
    }
    with threads_deaf_to_interrupts():
        return SpecCluster(
            scheduler={"cls": Scheduler, "options": options}, security=security, silence_logs=50
        )


@contextmanager
def alive(cluster: Any, specs: dict[int, dict[str, Any]]) -> Iterator[None]:
    """The cluster with all its workers, which end with it. Raises what kept one from starting."""
    try:
        cluster.worker_spec.update(specs)
        to_the_end(cluster, lambda: cluster)
        yield
    finally:
        end(cluster)


def end(cluster: Any) -> None:
    """End a cluster, its processes and its loop."""
    try:
        to_the_end(cluster, cluster.close)
    except KeyboardInterrupt:
        with suppress(TimeoutError):
            cluster.close(END_SECONDS)
        raise
    cluster.close()


def to_the_end(cluster: Any, what: Callable[[], Awaitable[Any]]) -> None:
    """Wait for something on the cluster's loop, where it goes on after Ctrl-C.

    Dask would drop it half done, and with it the processes that are on their way up or down.
    """

    async def shielded() -> None:
        await asyncio.shield(asyncio.ensure_future(what()))

    cluster.sync(shielded)


@contextmanager
def threads_deaf_to_interrupts() -> Iterator[None]:
    """Threads that start here never hear Ctrl-C, nor do the processes that these start.

    In a terminal it reaches every process of the group; only this one should answer. The workers
    are started by the thread of Dask's loop and inherit its mask, also those that a nanny starts
    instead of one that ended.
    """
    resource_tracker.ensure_running()  # a thread that had to start it would hear again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def bare_pages() -> Iterator[None]:
    """Schedulers and nannies that are made here serve PAGES alone, as do the nannies' workers."""
    import dask

    routes = {f"distributed.{who}.http.routes": PAGES for who in ("scheduler", "worker")}
    with dask.config.set(routes):
        yield


@contextmanager
def start(placement: Placement, gpus: int) -> Iterator[Executor]:
    """One process per core, or per GPU."""
    from distributed import Client

    workers = placement.workers or gpus or cores()
    workers = min(workers, gpus) if gpus else workers
    kind = "GPU process" if gpus else "process"
    words = f"{workers} {kind}{'es' * (workers > 1)} of this machine"
    with ExitStack() as stack:
        with bare_pages():
            cluster = scheduler_alone()
            specs = specifications(workers, gpus, cluster.security)
            stack.enter_context(alive(cluster, specs))
        client = Client(cluster, security=cluster.security, set_as_default=False)
        yield stack.enter_context(connected(client, words, workers))
