"""What closing, shrinking or hedging positions would do, on the same paths."""
