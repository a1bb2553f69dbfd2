"""Memory: PostgreSQL, its queries, migrations and the embedded server."""
