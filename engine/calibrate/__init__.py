"""Fitting a scenario to an episode by simulation: `powderkeg calibrate`."""
