"""Postgres: one module per aggregate. Functions take a connection, never commit."""
