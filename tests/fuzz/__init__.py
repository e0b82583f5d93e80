"""Programs that look for the input nobody thought of. Not part of the test run; see each."""
