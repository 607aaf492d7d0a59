"""One path again, by its id, with everything on it recorded."""
