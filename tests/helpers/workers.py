"""Tasks for executors, and what this process and its workers leave on the machine."""

import os
import time

import psutil
import pytest

# A cluster leaves sockets and loops to the garbage collector, which warns at any later moment.
CLUSTER_WARNINGS = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def square(job: str, item: int) -> int:
    if job == "slow":
        time.sleep(0.01)
    if job == "kill" and item == 3:
        os._exit(1)
    if job == "raise" and item == 3:
        raise ValueError("three\nis bad")
    return item * item


def processes() -> set[int]:
    """Worker processes of this one."""
    me = psutil.Process()  # type: ignore[no-untyped-call]
    return {
        process.pid
        for process in me.children(recursive=True)  # type: ignore[no-untyped-call]
        if "--multiprocessing-fork" in process.cmdline()
    }


def listening() -> set[tuple[int, str, int]]:
    """Every listening socket of this process and its children."""
    me = psutil.Process()  # type: ignore[no-untyped-call]
    return {
        (process.pid, *connection.laddr)
        for process in (me, *me.children(recursive=True))  # type: ignore[no-untyped-call]
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
