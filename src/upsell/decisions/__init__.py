"""Whether to speak, and which offer: the gates in order, each with its reason."""
