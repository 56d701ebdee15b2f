#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The tracepoints of 9p: requests with their replies, frames, and the lives of fids.
. "$(dirname "$0")/calls.sh"

off() { echo 0 >/sys/kernel/tracing/events/9p/enable; }

defer off
try mount_9p cache=none
calls
given '
import re, time
tracing = "/sys/kernel/tracing/"

def use():
    put("/mnt/traced", b"x" * 5000); get("/mnt/traced"); rename("/mnt/traced", "/mnt/trace2")
    unlink("/mnt/trace2"); answer(lambda: get("/mnt/none"))

def trace(call):
    """What call() leaves in the trace, when all its fids are gone and all requests answered."""
    put(tracing + "trace"); put(tracing + "events/9p/enable", b"1", O_WRONLY)
    call()
    for i in range(500):
        text = get(tracing + "trace").decode()
        created, destroyed, sent, answered = map(text.count, ("ref: create", "ref: destroy", "client_req:", "client_res:"))
        if created == destroyed and sent == answered: break
        time.sleep(0.01)
    put(tracing + "events/9p/enable", b"0", O_WRONLY)
    return text

text = trace(use)
requests = re.findall(r"9p_client_req: client (\d+) request P9_T(\w+) tag  (\d+)", text)
replies = re.findall(r"9p_client_res: client (\d+) response P9_T(\w+) tag  (\d+) err (-?\d+)", text)
dumps = re.findall(r"9p_protocol_dump: clnt (\d+) P9_(\w+)\(tag = (\d+)\)\n([0-9a-f ]+)\n", text)
fids = re.findall(r"9p_fid_ref: (\w+) +fid (\d+), refcount (\d+)", text)
def number(name): return {"WALK": 110, "LCREATE": 14, "WRITE": 118, "READ": 116, "LOPEN": 12}.get(name)
'

plan 10
is "requests" True '{"WALK", "LCREATE", "WRITE", "LOPEN", "READ", "CLUNK", "GETATTR", "UNLINKAT"} <= {r[1] for r in requests}'
is "each has a reply" True 'sorted(r[1:3] for r in requests) == sorted(r[1:3] for r in replies)'
is "one client in all" 1 'len({r[0] for r in requests + replies + dumps})'
is "the error of a reply" True '("WALK", "-2") in {(r[1], r[3]) for r in replies}'
is "no error where there is none" "{'0'}" '{r[3] for r in replies if r[1] in ("WRITE", "CLUNK", "READ", "GETATTR")}'
is "frames, as many as requests and replies" True 'len(dumps) == len(requests) + len(replies)'
is "frames of both directions" "RREAD RWALK RWRITE TREAD TWALK TWRITE" '
" ".join(sorted({d[1] for d in dumps} & {"TWALK", "RWALK", "TREAD", "RREAD", "TWRITE", "RWRITE"}))'
is "a frame has its type and its tag" True '
frames = [(d[1], int(d[2]), bytes.fromhex(d[3])) for d in dumps]
all(f[4] in (number(name[1:]) or f[4] & ~1, (number(name[1:]) or f[4]) | 1) and f[5] | f[6] << 8 == tag for name, tag, f in frames)'
is "the lives of fids" "create destroy get put" '" ".join(sorted({f[0] for f in fids}))'
is "as many fids destroyed as created" True 'sum(f[0] == "create" for f in fids) == sum(f[0] == "destroy" for f in fids) > 3'
