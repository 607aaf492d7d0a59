"""What a run says of itself where nobody watches a bar."""

import io
import json

from powderkeg.screen.progress import JsonLines


def test_pieces_that_stand_for_no_paths_leave_the_time_unknown() -> None:
    stream = io.StringIO()
    progress = JsonLines(stream, every=0)
    progress.started(2, 10, "here")
    progress.block_done(0)
    progress.block_done(10)
    _, first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["paths"], first["seconds_left"]) == (0, None)
    assert (second["paths"], second["seconds_left"]) == (10, 0)
