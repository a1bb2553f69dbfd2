"""Exports: what is kept as Parquet files, for analysts and their tools."""
