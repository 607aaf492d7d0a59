"""A Dask cluster that somebody else runs, by the address of its scheduler: used and left alone.

Its settings are its owner's. One matters: unless `distributed.scheduler.allowed-failures` is 0 in
the scheduler's process, it gives a block that killed its worker to the next ones (docs/results.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...scenarios.errors import InputError
from .placement import Placement
from .protocol import Executor
from .through_dask import connected

CONNECT_SECONDS = 10
"""How long a scheduler has to answer."""


@contextmanager
def start(placement: Placement, gpus: int) -> Iterator[Executor]:
    """The cluster at an address. Raises InputError where nothing answers."""
    from distributed import Client
    from distributed.security import Security

    address, tls = placement.cluster, placement.tls
    files = {
        "tls_ca_file": tls.ca_file,
        "tls_client_cert": tls.cert,
        "tls_client_key": tls.key,
    }
    # What is not given comes from Dask's own configuration.
    files = {name: file for name, file in files.items() if file is not None}
    encrypted = {"require_encryption": True} if address.startswith("tls://") else {}
    try:
        security = Security(**files, **encrypted)
        client = Client(address, security=security, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TypeError, RuntimeError) as error:
        said = " ".join(str(error).split())
        why = f" ({said})" if files or isinstance(error, TypeError | RuntimeError) else ""
        raise InputError(f"cluster: no scheduler answers at {address}{why}") from None
    with connected(client, f"the cluster at {address}", 0) as executor:
        yield executor
