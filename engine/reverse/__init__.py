"""Reverse stress: the most likely way to a loss."""
