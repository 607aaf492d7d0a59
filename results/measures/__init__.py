"""Numbers made from the losses, each with its error."""
