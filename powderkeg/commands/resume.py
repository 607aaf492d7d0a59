"""`powderkeg resume`."""

from __future__ import annotations

from .options import Cluster, Store, Workers
from .run import headline, met


def resume(store: Store, workers: Workers = None, cluster: Cluster = "embedded") -> None:
    """Finish a run that was stopped or lost blocks."""
    from ..engine.run.execute import resume as resume_run
    from ..screen.console import console
    from ..screen.progress import progress_for
    from .arguments import check_placement, whole
    from .exits import stoppable

    number = whole("--workers", workers)
    check_placement(cluster, number)
    progress = progress_for(console(stderr=True))
    with stoppable():
        resume_run(store, workers=number, cluster=cluster, progress=progress)
    headline(store)
    met(store)
