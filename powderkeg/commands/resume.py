"""`powderkeg resume`."""

from __future__ import annotations

from .options import Place, Store, placed
from .run import headline, met


@placed
def resume(store: Store, *, placement: Place) -> None:
    """Finish a run that was stopped or lost blocks."""
    from ..engine.run.execute import resume as resume_run
    from ..screen.console import console
    from ..screen.progress import progress_for
    from .exits import stoppable

    progress = progress_for(console(stderr=True))
    with stoppable():
        resume_run(store, placement=placement, progress=progress)
    headline(store)
    met(store)
