"""The real telnets: GNU telnet, PuTTY, TinTin++, netcat, driven as a person would."""
