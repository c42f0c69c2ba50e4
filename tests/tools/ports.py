"""Ports for servers that must know theirs before they start, and keep it when they start again."""

import random
import socket

# Below those that systems give to whoever asks for any port, so that no other test gets it meanwhile;
# above 10080, the last one that browsers refuse.
FIRST, LAST = 10_081, 31_999

given = set()


def is_free(port):
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port():
    """A port that is free now and was not given before by this process."""
    while True:
        port = random.randint(FIRST, LAST)
        if port not in given and is_free(port):
            given.add(port)
            return port
