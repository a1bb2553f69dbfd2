"""The language of conditions: parsed and typed once, then answered in memory, in SQL, and for when."""
