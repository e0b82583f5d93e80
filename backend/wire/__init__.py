"""Codecs: bytes to lines, events to bytes.

Pure and sans-I/O. May import ``backend.room`` (its events and limits), the standard
library, wcwidth and wsproto;
neither trio nor sockets, time or random. Every buffer in here is bounded.
"""
