"""The real server as a process, under attack, while two witnesses talk on."""
