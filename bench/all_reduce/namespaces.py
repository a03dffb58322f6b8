"""Two network namespaces of this machine, joined by a virtual cable: two nodes for mpirun.

Needs root. Messages between them go through the kernel's TCP, and MPI sees two hosts.
"""

import os
import stat
import subprocess
import tempfile

NAMES = ("headway-a", "headway-b")
ADDRESSES = ("10.98.77.1", "10.98.77.2")

AGENT = """#!/bin/sh
# Called by mpirun as by ssh: HOST COMMAND...
shift
exec ip netns exec {name} unshare --uts sh -c 'hostname {name}; exec sh -c "$0"' "$*"
"""


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


class Namespaces:
    """Made on entering the `with` block, gone after it."""

    def __enter__(self):
        for name in NAMES:
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        cable = ["type", "veth", "peer", "name", "cable", "netns", NAMES[1]]
        ip("-n", NAMES[0], "link", "add", "cable", *cable)
        for name, address in zip(NAMES, ADDRESSES):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "cable")
            ip("-n", name, "link", "set", "cable", "up")
        self.folder = tempfile.TemporaryDirectory()
        self.agent = os.path.join(self.folder.name, "agent")
        with open(self.agent, "w", encoding="utf-8") as script:
            script.write(AGENT.format(name=NAMES[1]))
        os.chmod(self.agent, stat.S_IRWXU)
        return self

    def __exit__(self, *_):
        for name in NAMES:
            subprocess.run(["ip", "netns", "del", name], check=False)
        self.folder.cleanup()

    def mpirun(self):
        """The command that starts one rank in each namespace."""
        inside = ["ip", "netns", "exec", NAMES[0], "unshare", "--uts", "sh", "-c"]
        start = f'hostname {NAMES[0]}; exec "$@"'
        options = {
            "plm": "rsh",
            "plm_rsh_agent": self.agent,
            "pml": "ob1",
            "btl": "tcp,self",
            "btl_tcp_if_include": "cable",
            "oob_tcp_if_include": "cable",
        }
        parameters = [word for pair in options.items() for word in ("--mca", *pair)]
        hosts = ",".join(f"{address}:1" for address in ADDRESSES)
        return [*inside, start, "mpirun", "mpirun", "--bind-to", "none", *parameters,
                "--host", hosts, "-np", "2"]
