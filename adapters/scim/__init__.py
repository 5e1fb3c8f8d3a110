"""SCIM 2.0, inbound: an identity provider pushes people and groups (RFC 7643, 7644)."""
