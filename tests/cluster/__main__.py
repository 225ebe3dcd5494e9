"""Runs these tests. Ray listens on every interface it finds and trusts whoever connects, so there is only loopback.

Wants to be started in namespaces of its own, as `tox -e ray` does; refuses where there is another interface.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import sys

import pytest

SET_FLAGS, UP_AND_RUNNING = 0x8914, 0x41


def main() -> int:
    found = [name for _, name in socket.if_nameindex()]
    if found != ["lo"]:
        sys.stderr.write(
            f"there are interfaces {', '.join(found)}: run it as tox -e ray does, in a network of its own\n"
        )
        return 2
    with socket.socket() as one:
        fcntl.ioctl(one, SET_FLAGS, struct.pack("16sh", b"lo", UP_AND_RUNNING))
    os.environ["PREDATOR_CLUSTER"] = "1"
    return int(pytest.main(["tests/cluster", *sys.argv[1:]]))


if __name__ == "__main__":
    sys.exit(main())
