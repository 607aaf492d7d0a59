"""What came out: schema, Zarr store, risk measures, attribution, report."""
