#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Nobody waits for the answer to a Tclunk, so over virtio it costs no interrupt; it is taken all the
# same, soon or at the end of the mount. With a burst of Tclunks that fills the ring, too.
. "$(dirname "$0")/calls.sh"

off() { echo 0 >/sys/kernel/tracing/events/9p/enable; }

[[ $FIXTURE = virtio.* ]] || skip_all "not over virtio"
[ "$CLIENT" = rust ] || skip_all "the stock client waits for each Tclunk"
defer off
fresh cache=none
# shellcheck disable=SC2016
given '
import re, resource, time
resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000))
tracing = "/sys/kernel/tracing/"

def interrupts():
    """Of all queues of 9P devices."""
    return sum(int(n) for line in get("/proc/interrupts").decode().splitlines() if line.endswith("-requests")
        for n in re.findall(r"\b\d+\b", line.split(":", 1)[1].split("PCI")[0]))

def trace(call):
    """What call() has in the trace: requests and interrupts, and after two seconds at most answers."""
    put(tracing + "trace"); put(tracing + "events/9p/9p_client_req/enable", b"1", O_WRONLY)
    put(tracing + "events/9p/9p_client_res/enable", b"1", O_WRONLY)
    before = interrupts(); call(); came = interrupts() - before
    for i in range(200):
        text = get(tracing + "trace").decode()
        sent, answered = text.count("client_req:"), text.count("client_res:")
        if sent == answered: break
        time.sleep(0.01)
    put(tracing + "events/9p/enable", b"0", O_WRONLY)
    return sent, answered, came, text.count("request P9_TCLUNK")

place = getcwd()
put(place + "/f", b"x")
def use(n):
    for i in range(n): stat(place + "/f")
use(3)
sent, answered, came, clunks = trace(lambda: use(50))
'

plan 5
is "a stat has a Tclunk" 50 clunks
is "all requests are answered" 0 'sent - answered'
# A few more may have been under way already.
is "no interrupt for a Tclunk" True 'came <= sent - clunks + 10 or (came, sent, clunks)'

given '
files = [open(place + "/f", O_RDONLY) for i in range(300)]
sent, answered, came, clunks = trace(lambda: [close(file) for file in files])
'
is "a burst of Tclunks" True 'clunks >= 300 or clunks'
is "all of them are answered" 0 'sent - answered'
leave
