"""What a path draws, whoever asks: random numbers, variances, jumps, starts of events.

Read by the reference and by what looks into paths without simulating them (kernels/probes).
"""
