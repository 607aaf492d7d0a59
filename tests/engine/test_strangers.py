"""Nobody else on the machine reaches the workers of a run."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from powderkeg.engine.executors import executor
from powderkeg.engine.executors.embedded import Embedded
from powderkeg.engine.executors.placement import Placement
from powderkeg.engine.executors.protocol import (
    run_all,
)
from tests.helpers.workers import CLUSTER_WARNINGS, listening, square

pytestmark = CLUSTER_WARNINGS


@pytest.mark.slow
def test_a_cluster_listens_on_this_machine_alone() -> None:
    before = listening()
    with executor(Placement("local", 1)):
        opened = listening() - before
    assert {address for _, address, _ in opened} == {"127.0.0.1"}
    assert 8787 not in {port for *_, port in opened}


def test_threads_listen_nowhere(tmp_path: Path) -> None:
    seen: list[set[tuple[int, str, int]]] = []
    before = listening()
    run_all(Embedded(2), square, "fine", range(4), lambda _: seen.append(listening() - before))
    assert seen == [set()] * 4


def knock(address: str, security: Any = None) -> None:
    """Talk to a Dask port as a client does. Raises OSError where it is refused, or no answer."""
    from distributed.comm.core import connect

    async def talk() -> None:
        arguments = security.get_connection_args("client") if security else {}
        comm = await connect(address, timeout=1, **arguments)
        await comm.close()

    asyncio.run(asyncio.wait_for(talk(), 1.5))


@pytest.mark.slow
def test_a_stranger_is_refused() -> None:
    """Any user of the machine reaches the loopback interface; only this run has the certificate."""
    from distributed import LocalCluster
    from distributed.security import Security

    before, other = listening(), Security.temporary()
    with executor(Placement("local", 1)) as where:
        ports = {port for *_, port in listening() - before}
        assert len(ports) >= 3  # scheduler, nanny and worker; their HTTP pages speak no Dask
        for port in ports:
            for address, security in ((f"tcp://127.0.0.1:{port}", None),
                                      (f"tls://127.0.0.1:{port}", other)):  # fmt: skip
                with pytest.raises(OSError):
                    knock(address, security)
        assert run_all(where, square, "fine", range(3), lambda _: None) == {}
    with LocalCluster(
        n_workers=0, processes=False, host="127.0.0.1", protocol="tcp", dashboard_address=None
    ) as cluster:
        knock(cluster.scheduler_address)  # as it was, and as anybody would be let in


def page(port: int, path: str) -> int:
    """The status of a page over plain HTTP. Raises OSError where nothing answers in HTTP."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


@pytest.mark.slow
def test_a_stranger_reads_nothing() -> None:
    """Dask serves pages over HTTP to whoever reaches a port, without a certificate."""
    pages = ["json/identity.json", "json/index.html", "info/main/workers.html",
             "info/main/logs.html", "info/logs.html", "info/main/call-stacks.html",
             "metrics", "proxy/80/127.0.0.1/", "status", "statics/css/base.css"]  # fmt: skip
    before = listening()
    maps: list[set[str]] = []
    with executor(Placement("local", 1)):
        for port in {port for *_, port in listening() - before}:
            for path in pages:
                with suppress(OSError):  # speaks TLS
                    assert page(port, path) == 404, path
            with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/sitemap.json") as answer:
                maps.append(set(json.load(answer)["paths"]))
    assert maps == [{"/health", "/sitemap.json"}] * 2  # of scheduler and worker
