"""The real programs: GNU telnet, netcat, Chromium, driven as a person would."""
