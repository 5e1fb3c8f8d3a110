"""What the core needs from the outside, in the core's own words.

An adapter implements a port by having its methods: no base class, no registration.
"""
