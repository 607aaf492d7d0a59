"""What can be said of a packed scenario without a path: loop gains, exit cost, overlaps."""
