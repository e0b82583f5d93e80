"""The room itself: who is here, what was said, who gets to see it.

Pure. May import the standard library's pure parts and text libraries (precis_i18n,
confusable_homoglyphs, wcwidth); imports nothing else of ours, and neither trio nor sockets, time
or random. Time and tokens arrive inside the entries.
"""
