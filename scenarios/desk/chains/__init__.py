"""Option chains as vendors write them, one file a vendor."""
