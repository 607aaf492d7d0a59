"""Who runs what where: plan, batches, Dask, store, resume, replay, calibrate."""
