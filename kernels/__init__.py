"""How a path moves: one C++/CUDA source, three back ends."""

from .backends import CHOICES, Backend, BackendUnavailable, backend, why_not

__all__ = ["CHOICES", "Backend", "BackendUnavailable", "backend", "why_not"]
