"""Websocket close codes, which tell a program why a connection ends (RFC 6455, 7.4.1)."""

NORMAL_CLOSURE = 1000
"""The purpose of the connection has been fulfilled."""

GOING_AWAY = 1001
"""The server is going down; or, from a browser, its page is left or loaded again."""

POLICY_VIOLATION = 1008
"""The rules of the house; browsers do not come back by themselves."""

SERVICE_RESTART = 1012
"""Come back, at once."""

TRY_AGAIN_LATER = 1013

CONTINUED_ELSEWHERE = 4001
"""One of our own: another window has taken the seat."""
