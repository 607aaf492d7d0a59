"""One file a channel: what theory says of it."""
