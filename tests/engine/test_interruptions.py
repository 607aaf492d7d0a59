"""Ctrl-C and a client that fails leave no process behind."""

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from powderkeg.engine.campaign import campaign
from powderkeg.engine.errors import Interrupted
from powderkeg.engine.executors import executor
from powderkeg.engine.executors.placement import Placement
from powderkeg.engine.executors.protocol import (
    Outcome,
    run_all,
)
from powderkeg.engine.executors.through_dask import Distributed
from tests.helpers.workers import CLUSTER_WARNINGS, processes, square

pytestmark = CLUSTER_WARNINGS


@pytest.fixture
def heard() -> Iterator[None]:
    """Ctrl-C is heard: a suite in the background of a script inherits that it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("moment", ["instantiate", "close"])
def test_an_interruption_while_workers_start_or_end_leaves_none(
    moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import Nanny

    sent: list[Nanny] = []
    real = getattr(Nanny, moment)

    async def interrupted(self: Nanny, *arguments: Any, **options: Any) -> Any:
        if not sent:
            sent.append(self)
            os.kill(os.getpid(), signal.SIGINT)
        return await real(self, *arguments, **options)

    monkeypatch.setattr(Nanny, moment, interrupted)
    before = processes()
    with (
        pytest.raises(Interrupted, match="stopped, nothing is written"),
        campaign(Placement("local", 2), "native"),
    ):
        assert moment == "close" and len(processes() - before) == 2
    assert sent and processes() == before


@pytest.mark.slow
@pytest.mark.parametrize("what", ["Client", "Client.close"])
def test_a_client_that_fails_leaves_no_process(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("no client")

    monkeypatch.setattr(f"distributed.{what}", fails)
    before = processes()
    with pytest.raises(RuntimeError, match="no client"), executor(Placement("local", 1)):
        assert what == "Client.close"
    assert processes() == before


def deaf(job: str, item: int) -> int:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.2)
    return os.getpid()


@pytest.mark.slow
def test_workers_are_deaf_to_interruptions() -> None:
    """In a terminal Ctrl-C reaches them, too; also the one that a nanny started."""
    seen: list[Outcome] = []
    with executor(Placement("local", 1)) as where:
        assert isinstance(where, Distributed)
        assert run_all(where, deaf, "", [0], seen.append, attempts=1) == {}
        assert run_all(where, square, "kill", [3], lambda _: None, attempts=1)
        assert run_all(where, deaf, "", [0], seen.append, attempts=1) == {}
    first, second = (outcome.result for outcome in seen)
    assert first != second
