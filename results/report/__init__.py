"""What a store says to people: summary, limits, page."""
