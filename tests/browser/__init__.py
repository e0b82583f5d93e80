"""The page in a real Chromium against the real program: what its visitors are promised.

Everything is found by role and accessible name, as a screen reader does; nothing here knows the
page's modules or styles. Nobody sleeps: tests wait for what they expect to see.
"""
