# SPDX-License-Identifier: GPL-2.0
"""For mounts that cannot work: servers that go away, descriptors. A piece for calls.py."""
# ruff: noqa: F821

SET_FLAG, SET_STRING, CMD_CREATE = 0, 1, 6  # of fsconfig(2)


def mounting(options, source):
    """Makes a mount, as mount(8) does, and lets it go."""
    context = libcall("fsopen", b"9p", 1)
    try:
        for option in [f"source={source}", *options.split(",")]:
            key, has, value = option.partition("=")
            value = value.encode() if has else None
            libcall("fsconfig", context, SET_STRING if has else SET_FLAG, key.encode(), value, 0)
        libcall("fsconfig", context, CMD_CREATE, None, None, 0)
        close(libcall("fsmount", context, 1, 0))
    finally:
        close(context)


def mute(name, port, behave):
    """A server, at a path and a port, whose connections are each a process that behaves and is killed."""
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(f"/tmp/mute.{name}")
    tcp = socket.create_server(("127.0.0.1", port))
    for listener in unix, tcp:
        listener.listen()
        if not fork():
            libcall("prctl", 1, signal.SIGKILL)  # with its parent
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            while True:
                connection = listener.accept()[0]
                if not fork():
                    behave(connection)
                    kill(getpid(), signal.SIGKILL)
                connection.close()
        listener.close()


def after(answer):
    """Reads a request, and sends that."""

    def behave(connection):
        connection.recv(65536)
        connection.sendall(answer)

    return behave


system("rm -f /tmp/mute.*")
mute("closed", 5661, lambda connection: None)
mute("read", 5662, after(b""))
mute("killed", 5663, lambda connection: connection.recv(1, socket.MSG_PEEK))
mute("size", 5664, after(b"\x13\0"))
mute("part", 5665, after(struct.pack("<IBHI", 21, 101, 65535, 8192)))
for kind, name in (socket.SOCK_STREAM, "left"), (socket.SOCK_DGRAM, "datagrams"):
    left = socket.socket(socket.AF_UNIX, kind)
    left.bind(f"/tmp/mute.{name}")
    if name == "left":
        left.close()

# 20 can only be read, 21 only written, 22 is a folder, 27 one that can only be named; 23 is a pipe
# that nobody writes, 24 one that nobody reads, 25 and 26 are both ends of one.
for kept, wanted in (0, 23), (1, 24), (None, 25):
    ends = pipe()
    for end in (0, 1) if kept is None else (kept,):
        dup2(ends[end], wanted + (end if kept is None else 0))
    closerange(ends[0], ends[1] + 1)
for file, flags, wanted in (
    ("/dev/zero", O_RDONLY, 20),
    ("/dev/null", O_WRONLY, 21),
    ("/tmp", O_RDONLY, 22),
    ("/tmp", O_PATH, 27),
):
    fd = open(file, flags)
    dup2(fd, wanted)
    close(fd)
