# SPDX-License-Identifier: GPL-2.0
"""For tests with forged replies: orders to p9fault, bodies of replies. A piece for calls.py."""
# ruff: noqa: F821

def order(text):
    """Gives p9fault an order; returns its answer."""
    with socket.create_connection(("127.0.0.1", 5641)) as control:
        control.sendall(text.encode() + b"\n")
        said = control.makefile().readline().strip()
    if said.startswith("error"):
        raise ValueError(said)
    return said


def forge(message, body, times="", kind=None):
    """Lets replies to the message have this body, and perhaps another type."""
    kind = "" if kind is None else f"{kind}:"
    order(f"{message}=body:{kind}{body.hex()}{times}")


def each(calls):
    """The answers to calls, each once, in order."""
    return " ".join(dict.fromkeys(answer(call) for call in calls))


def qid(kind=0, version=0, path=1):
    return struct.pack("<BIQ", kind, version, path)


def attr(valid=0x7FF, kind=0, mode=0o100644, nlink=1, size=5, nsec=0, blksize=4096):
    """The body of an Rgetattr."""
    times = struct.pack("<8Q", 1, nsec, 1, nsec, 1, nsec, 1, nsec)
    head = struct.pack("<Q", valid) + qid(kind) + struct.pack("<III", mode, 0, 0)
    return head + struct.pack("<5Q", nlink, 0, size, blksize, 1) + times + bytes(16)


def entry(name, offset=1, kind=8):
    """An entry in the data of an Rreaddir."""
    return qid() + struct.pack("<QBH", offset, kind, len(name)) + name


def counted(data, count=None):
    """The body of an Rread or Rreaddir."""
    return struct.pack("<I", len(data) if count is None else count) + data


def string(data, length=None):
    return struct.pack("<H", len(data) if length is None else length) + data


def record(name=b"f", mode=0o644, extension=b"", size=None, dotu=True):
    """A file record of the older dialects, its own size first."""
    rest = struct.pack("<HI", 0, 0) + qid() + struct.pack("<IIIQ", mode, 1, 1, 5)
    rest += string(name) + 3 * string(b"root")
    if dotu:
        rest += string(extension) + struct.pack("<III", 0, 0, 0)
    return struct.pack("<H", len(rest) if size is None else size) + rest


def cut(message, call):
    """Cuts the replies to a message after each of their bytes, down to the header, until call(n)
    succeeds; says what the calls that failed have said, and after how many bytes that was."""
    said = {}
    for n in range(7, 400):
        order(f"{message}=cut:{n}*1")
        said[answer(lambda: call(n))] = n
        if order(f"count {message}") == "0":
            return f"no {message} was sent"
        order("release")
        if said.pop("ok", None):
            return " ".join([*said, str(n)])
    return f"never served: {said}"
