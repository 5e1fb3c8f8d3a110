"""The company file: people, catalog, policies. Data that an IT team writes."""
