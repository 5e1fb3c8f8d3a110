"""How fresh answers are shown under a workspace's limits, in virtual time.

The same turns are shown by several policies to the same model of a platform, and
beside them stands what nobody could do better. No I/O and no clock: the same seed
gives the same figures on every machine.
"""
