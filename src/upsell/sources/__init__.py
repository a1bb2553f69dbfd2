"""The wires in: one module per dialect in which events arrive."""
