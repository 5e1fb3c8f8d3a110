"""A Microsoft 365 tenant on this machine: Teams' Bot Framework side of the wire.

Built from Microsoft's documentation, not from our bot: start at `world.TeamsWorld`.
"""
