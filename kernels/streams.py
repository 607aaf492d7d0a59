"""Which random numbers belong to whom: a stream for every name, factor and event."""

from __future__ import annotations


def stream_of(label: str) -> int:
    """32-bit FNV-1a hash of a label: the random-number stream of a symbol or factor."""
    h = 2166136261
    for byte in label.encode():
        h = (h ^ byte) * 16777619 % 2**32
    return h
