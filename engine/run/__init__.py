"""A run: request, plan, blocks, tail, store."""
