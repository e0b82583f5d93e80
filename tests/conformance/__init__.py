"""Other people's suites, run against the doors."""
