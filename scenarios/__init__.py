"""What is simulated: book, market snapshot, option chain, scenario, timeline, presets."""
