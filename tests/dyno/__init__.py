"""A dyno imitated on this machine: only PORT, and in front a router that passes HTTP only."""
