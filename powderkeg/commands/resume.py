"""`powderkeg resume`."""

from __future__ import annotations

from .options import Limits, Place, Store, placed
from .run import conclude, headline


@placed
def resume(store: Store, limits: Limits = None, *, placement: Place) -> None:
    """Finish a run that was stopped or lost blocks."""
    from ..engine.run.execute import resume as resume_run
    from ..scenarios.limits import load_limits
    from ..screen.console import console
    from ..screen.progress import progress_for
    from .exits import stoppable

    bounds = None if limits is None else load_limits(limits)
    progress = progress_for(console(stderr=True))
    with stoppable():
        resume_run(store, limits=bounds or (), placement=placement, progress=progress)
    headline(store)
    conclude(store, bounds)
