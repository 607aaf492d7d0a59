"""Whether inputs are plausible: a table of rules, and what they find of files that can be read."""
