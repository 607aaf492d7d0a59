"""What a terminal shows: tables, progress, the plan, pictures of replays and scorecards."""
