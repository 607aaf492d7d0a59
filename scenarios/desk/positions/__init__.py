"""Positions as brokers and portfolio systems export them, one file a format."""
