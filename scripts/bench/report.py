#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""report.py DIR [--docs DIR] [--functions WORKLOAD CLIENT N]

Tables of what bench.sh has left in DIR: for each workload both clients and the ratio, lower is
better; then virtiofs to the stock client. With --docs also as Markdown and a chart; with --functions
the N functions of the kernel that execute the most instructions in a workload.
"""

import argparse
import bisect
import pathlib
import re
import subprocess
from collections import defaultdict

CLIENTS = ("c", "rust")
VIRTIOFS = "virtiofs"  # where there is a run of it
SOURCE = pathlib.Path("/cache/kernel/source")

# What executes because a task sleeps and is woken, an interrupt comes or time passes.
WAITING = (
    "kernel/sched kernel/time kernel/rcu kernel/irq kernel/entry kernel/softirq.c kernel/smp.c "
    "kernel/irq_work.c kernel/workqueue.c kernel/kthread.c drivers/cpuidle drivers/clocksource "
    "arch/x86/entry arch/x86/kernel/apic arch/x86/kernel/irq.c arch/x86/kernel/process.c "
    "arch/x86/kernel/process_64.c arch/x86/kernel/tsc.c arch/x86/kernel/hpet.c arch/x86/kernel/smp.c"
).split()
# What the compiler or a macro has given a name that no source has.
WAITING_NAMES = re.compile(
    "irq|interrupt|sysvec|apic|idle|sched|_fair|load_avg|rq_|_rq|se_|entity|ttwu|switch|hrtimer"
    "|tick|clock|timer|__switch_to"
)
# The code that the two clients do not share, transports included.
MODULES = ("9pnet", "9pnet_virtio", "9pnet_fd")


def source_names(places):
    """The functions that are defined in these files and folders of the kernel's source."""
    definition = re.compile(
        r"^(?:[A-Za-z_][\w \t*]*[\s*])?([A-Za-z_]\w*)\("
        r"|^SYM_(?:INNER_LABEL|FUNC_START|CODE_START|TYPED_FUNC_START)\w*\((\w+)"
    )
    names = set()
    for place in places:
        place = SOURCE / place
        files = place.rglob("*") if place.is_dir() else [place]
        for file in files:
            if file.suffix not in (".c", ".h", ".S"):
                continue
            for line in file.read_text(errors="replace").splitlines():
                if line[:1].isalpha() or line[:1] == "_":
                    found = definition.match(line)
                    if found and not line.rstrip().endswith(";"):
                        names.add(found[1] or found[2])
    return names


class Symbols:
    """Which function of which module an address is in, from a guest's kallsyms."""

    def __init__(self, path):
        found = []
        for line in path.read_text().splitlines():
            address, _, name, *module = line.split()
            if int(address, 16):
                found.append((int(address, 16), name, module[0][1:-1] if module else ""))
        found.sort()
        self.addresses = [entry[0] for entry in found]
        self.names = [entry[1:] for entry in found]

    def find(self, address):
        at = bisect.bisect_right(self.addresses, address) - 1
        return self.names[at] if at >= 0 else ("?", "")


def phases(path):
    """The phases that count.c has written, each as instructions by address."""
    for text in path.read_text().split("phase\n")[1:]:
        lines = (line.split() for line in text.splitlines())
        yield {int(address, 16): int(count) for address, count in lines}


class Run:
    """What one kind of runs has told of one client."""

    def __init__(self, folder, kind, client):
        self.client = client
        self.operations, self.times = {}, defaultdict(list)
        self.messages, self.memory, self.finished = {}, {}, {}
        self.phase = {}
        counts = folder / f"{kind}.{client}.counts"
        counted = phases(counts) if counts.exists() else None
        texts = [folder / f"{kind}.{client}"]
        if kind == "time":
            texts += folder.glob(f"again.{client}")
        for line in "".join(text.read_text(errors="replace") for text in texts).splitlines():
            words = line.split()
            match words:
                case ["R", name, operations, time]:
                    self.operations[name] = int(operations)
                    self.times[name].append(float(time))
                    if counted:
                        self.phase[name] = next(counted)  # the last of a name counts
                case ["N", name, messages]:
                    self.messages[name] = int(messages)
                case ["M", name, threads, size]:
                    self.memory[name] = int(size) / int(threads)
                case ["F", name, threads, ended, time]:
                    self.finished[name] = (int(threads), int(ended), float(time))
        if counted:
            self.symbols = Symbols(folder / f"{kind}.{client}.symbols")

    def functions(self, name):
        """Instructions of a workload by function and module."""
        sums = defaultdict(int)
        for address, count in self.phase[name].items():
            sums[self.symbols.find(address) if address else ("", "user")] += count
        return sums


class Sums:
    """Instructions for one operation."""

    waiting = None

    def __init__(self, run, name):
        cls = type(self)
        if cls.waiting is None:
            cls.waiting = source_names(WAITING)
        self.total = self.work = self.text = 0
        for (function, module), count in run.functions(name).items():
            count /= run.operations[name]
            self.total += count
            plain = function.split(".")[0]
            if module == "user" or not module and self.waits(plain):
                continue
            self.work += count
            if module in MODULES:
                self.text += count

    @classmethod
    def waits(cls, name):
        return name in cls.waiting or WAITING_NAMES.search(name)


def number(value):
    if value is None:
        return "-"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def ratio(new, old):
    return "-" if new is None or not old else f"{new / old:.2f}"


def figures(kind, run, name):
    """What a run says of a workload, by column, for one operation."""
    operations = run.operations[name]
    if kind == "time":
        found = {"wall": min(run.times[name]) / operations}
        if name in run.messages:
            found["messages"] = run.messages[name] / operations
        return found
    if name not in run.phase:
        return {}
    sums = Sums(run, name)
    if kind == "bytes":
        return {"bytes": sums.work}
    found = {"total": sums.total, "work": sums.work}
    if run.client in CLIENTS:
        found["text"] = sums.text
    return found


def collect(folder):
    """Rows by workload: for each column the values of C, of this client and, if known, of virtiofs."""
    kinds = {
        kind: [
            Run(folder, kind, client)
            for client in (*CLIENTS, VIRTIOFS)
            if client in CLIENTS or (folder / f"{kind}.{client}").exists()
        ]
        for kind in ("count", "bytes", "time")
        if all((folder / f"{kind}.{client}").exists() for client in CLIENTS)
    }
    rows = {}
    for kind, runs in kinds.items():
        for name in runs[0].operations:
            if name in ("-", "none.nothing") or name not in runs[1].operations:
                continue
            row = rows.setdefault(name, {})
            told = [figures(kind, run, name) for run in runs if name in run.operations]
            for key in told[0]:
                values = [each[key] for each in told if key in each]
                if all(key in each for each in told[:2]):
                    row[key] = values
    return rows, kinds


COLUMNS = (
    ("messages", "messages"),
    ("total", "instructions"),
    ("work", "without waiting"),
    ("text", "in the modules"),
    ("bytes", "copied bytes too"),
    ("wall", "wall time, us"),
)


def table(rows, which=1):
    """Lines of cells, with C's value and the one with that index; the first line is the head."""

    def cell(row, key):
        values = row.get(key, ())
        if len(values) <= which:
            return ""
        return f"{number(values[0])} {number(values[which])} {ratio(values[which], values[0])}"

    lines = [[name] + [cell(row, key) for key, _ in COLUMNS] for name, row in rows.items()]
    lines = [line for line in lines if any(line[1:])]
    shown = [0] + [at for at in range(1, len(COLUMNS) + 1) if any(line[at] for line in lines)]
    heads = ["workload"] + [head for _, head in COLUMNS]
    return [[line[at] for at in shown] for line in [heads] + lines]


def slow(kinds):
    """Sentences on the slow server."""
    for run, client in zip(kinds.get("count", ()), CLIENTS):
        for name, size in run.memory.items():
            if name == "slow.1000-waiting":
                yield f"{client}: {size / 1024:.2f} KiB of slab memory for each of 1000 fstats in flight"
    for run, client in zip(kinds.get("time", ()), CLIENTS):
        for name, (threads, ended, time) in run.finished.items():
            speed = f", {ended / time * 1e6:.0f} a second" if ended else ""
            yield f"{client}: {ended} of {threads} fstats at once have ended{speed}"


def terminal(lines):
    widths = [[0, 0, 0] for _ in lines[0]]
    cells = [[cell.split(" ") if "," not in cell or i else [cell] for i, cell in enumerate(line)] for line in lines]
    for line in cells[1:]:
        for at, cell in enumerate(line[1:], 1):
            for i, part in enumerate(cell):
                widths[at][i] = max(widths[at][i], len(part))
    first = max(len(line[0]) for line in lines)
    out = lines[0][0].ljust(first)
    for at, head in enumerate(lines[0][1:], 1):
        out += "  " + head.rjust(sum(widths[at]) + 2)
    yield out
    for line in cells[1:]:
        out = line[0][0].ljust(first)
        for at, cell in enumerate(line[1:], 1):
            cell = cell if len(cell) == 3 else ["", "", ""]
            text = " ".join(part.rjust(width) for part, width in zip(cell, widths[at]))
            out += "  " + text.rjust(len(lines[0][at]))
        yield out


CHART = """<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{height}" font-family="sans-serif" font-size="13">
<rect width="760" height="{height}" fill="white"/>
<text x="12" y="22" font-size="15" font-weight="bold">{title}</text>
{body}
</svg>
"""
LEFT, FULL = 230, 400  # where the bars begin, and how long one of ratio 1 is
OTHER = 'stroke="#2050c0" stroke-width="3"'


def chart(title, bars):
    """An SVG with a bar for each (name, ratio, virtiofs's ratio or None); a line where both are equal."""
    parts = []
    for i, (name, value, other) in enumerate(bars):
        y = 40 + 22 * i
        colour = "#2f7d4f" if value < 0.98 else "#888888" if value <= 1.02 else "#b03030"
        width = max(2, min(value, 1.25) * FULL)
        parts.append(f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{name}</text>')
        parts.append(f'<rect x="{LEFT}" y="{y}" width="{width:.0f}" height="17" fill="{colour}"/>')
        if other is not None:
            at = LEFT + min(other, 1.25) * FULL
            parts.append(f'<line x1="{at:.0f}" x2="{at:.0f}" y1="{y - 1}" y2="{y + 18}" {OTHER}/>')
            width = max(width, at - LEFT)
        parts.append(f'<text x="{LEFT + width + 6:.0f}" y="{y + 13}">{value:.2f}</text>')
    bottom = 40 + 22 * len(bars)
    parts.append(
        f'<line x1="{LEFT + FULL}" x2="{LEFT + FULL}" y1="34" y2="{bottom}" stroke="black" stroke-dasharray="4 3"/>'
    )
    parts.append(f'<text x="{LEFT + FULL}" y="{bottom + 15}" text-anchor="middle">stock C client</text>')
    if any(other is not None for _, _, other in bars):
        parts.append(f'<line x1="{LEFT}" x2="{LEFT}" y1="{bottom + 2}" y2="{bottom + 18}" {OTHER}/>')
        parts.append(f'<text x="{LEFT + 8}" y="{bottom + 15}">virtiofs</text>')
    return CHART.format(height=bottom + 26, title=title, body="\n".join(parts))


def markdown(lines):
    yield "| " + " | ".join(lines[0]) + " |"
    yield "|---" + "|---:" * (len(lines[0]) - 1) + "|"
    for name, *cells in lines[1:]:
        cells = [cell.split() for cell in cells]
        shown = [f"{cell[0]} → {cell[1]} **{cell[2]}**" if cell else "" for cell in cells]
        yield "| " + " | ".join([name] + shown) + " |"


def document(folder, docs, rows, kinds):
    """The results as Markdown and a chart."""
    docs.mkdir(parents=True, exist_ok=True)
    versions = (folder / "versions").read_text().strip()
    text = [
        "# The last run of `make bench`",
        "",
        "Made by `scripts/bench/report.py`; what is measured, and how, is in [README.md](README.md).",
        "",
        versions,
        "",
        "![Instructions for each operation](chart.svg)",
        "",
        "Each cell: stock C client → this client, and the ratio; lower is better. The figures are for one",
        "operation.",
        "",
        *markdown(table(rows)),
        "",
        *(f"- {line}" for line in slow(kinds)),
        "",
        "## virtiofs",
        "",
        "Each cell: stock C client → virtiofs, and the ratio.",
        "",
        *markdown(table(rows, 2)),
        "",
    ]
    (docs / "results.md").write_text("\n".join(text))
    key = "total" if any("total" in row for row in rows.values()) else "wall"
    bars = [
        (name, row[key][1] / row[key][0], row[key][2] / row[key][0] if len(row[key]) > 2 else None)
        for name, row in rows.items()
        if key in row and row[key][0]
    ]
    title = "Guest instructions for each operation, this client to the stock one"
    (docs / "chart.svg").write_text(chart(title if key == "total" else "Wall time", bars))


def functions(folder, workload, client, most):
    run = Run(folder, "count", client)
    operations = run.operations[workload]
    sums = sorted(run.functions(workload).items(), key=lambda item: -item[1])[:most]
    text = "\n".join(
        f"{count / operations:10.1f} {module or 'kernel':12} {name}" for (name, module), count in sums
    )
    subprocess.run(["c++filt"], input=text + "\n", text=True, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--functions", nargs=3, metavar=("WORKLOAD", "CLIENT", "N"))
    parser.add_argument("--docs", type=pathlib.Path)
    options = parser.parse_args()
    if options.functions:
        workload, client, most = options.functions
        return functions(options.folder, workload, client, int(most))
    rows, kinds = collect(options.folder)
    print("For each operation: stock C client, this one, and the ratio.")
    print("\n".join(terminal(table(rows))))
    print("\n".join(slow(kinds)))
    others = table(rows, 2)
    if len(others) > 1:
        print("\nThe same: stock C client, virtiofs, and the ratio.")
        print("\n".join(terminal(others)))
    if options.docs:
        document(options.folder, options.docs, rows, kinds)


if __name__ == "__main__":
    main()
