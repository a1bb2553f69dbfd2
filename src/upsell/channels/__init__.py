"""The wires out: one module per channel and provider."""
