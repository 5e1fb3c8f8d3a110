"""A local Slack workspace: Web API, signed events, interactivity, documented limits.

Written from Slack's documentation, not from our bot. ``world`` is the workspace as
tests and the demo page use it, ``routes`` its HTTP side; ``limits`` holds every
number with its source.

What has no documented answer is chosen on the strict side and says so where it is:
burst sizes, the workspace-wide cap on posts, the size of metadata, the lag of
history, the answer to a reply in a thread that does not exist.
"""
