# SPDX-License-Identifier: GPL-2.0
"""What test_fixtures.sh does in a folder. A piece for calls.py, which sets dialect: L, u or 2000;
and syncs: whether fsync is to be called."""
# ruff: noqa: F821
import zlib


def calls(folder):
    """The answers to a round of calls in the folder, which is empty."""

    def content(path):
        return get(path) == data(30001)

    def parts():
        fd = open("f", O_RDONLY)
        try:
            return pread(fd, 10, 12345) == data(30001)[12345:12355], pread(fd, 10, 30000).hex()
        finally:
            close(fd)

    def middle():
        fd = open("f", O_WRONLY)
        try:
            return pwrite(fd, b"middle", 8190), syncs and fsync(fd)
        finally:
            close(fd)

    def attributes(path):
        s = lstat(path)
        return f"{s.st_mode:o} {s.st_size if st.S_ISREG(s.st_mode) else 0}"

    chdir(folder)
    steps = [
        lambda: put("f", data(30001)),
        lambda: content("f"),
        parts,
        middle,
        lambda: get("f")[8185:8200].hex(),
        lambda: put("f", b"the end", O_WRONLY | O_APPEND),
        lambda: attributes("f"),
        lambda: open("f", O_WRONLY | O_CREAT | O_EXCL),
        lambda: truncate("f", 8193),
        lambda: get("f")[-5:].hex(),
        lambda: mkdir("d", 0o750),
        lambda: attributes("d"),
        lambda: mkdir("d"),
        lambda: put("d/x", b"x"),
        lambda: put("old", b"old"),
        lambda: put("over", b"is lost"),
        lambda: rename("old", "over"),
        lambda: get("over"),
        lambda: stat("old"),
        lambda: rename("d", "e"),
        lambda: get("e/x"),
        lambda: rmdir("e"),
        lambda: unlink("e"),
        lambda: unlink("nothing"),
        lambda: chmod("f", 0o640),
        lambda: attributes("f"),
        lambda: utime("f", (1000000, 2000000)),
        lambda: stat("f").st_mtime,
        lambda: mkdir("many"),
        lambda: [put(f"many/{i}-" + "n" * (i + 220), b"") for i in range(20)] and None,
        lambda: sorted(listdir("many")) == sorted(f"{i}-" + "n" * (i + 220) for i in range(20)),
        lambda: statvfs(".").f_namemax >= 255,
    ]
    if dialect != "2000":
        steps += [
            lambda: symlink("e/x", "l"),
            lambda: readlink("l"),
            lambda: get("l"),
            lambda: attributes("l"),
            lambda: link("f", "h"),
            lambda: stat("h").st_size,
        ]
    if dialect == "L":
        steps += [
            lambda: rename("over", "e/over"),
            lambda: mkfifo("p"),
            lambda: attributes("p"),
            lambda: stat("f").st_nlink,
        ]
    said = [answer(step) for step in steps]
    chdir("/")
    return " ".join(said)


def tree(folder):
    """All that is in the folder: names, types, modes, sizes, targets of links, times that were set."""
    found = []
    for where, folders, files in walk(folder):
        if len(files) == 20:
            sum = zlib.crc32(" ".join(sorted(files)).encode())
            found.append(f"{where[len(folder) :]}: {len(files)} files, names {sum:x}")
            continue
        for name in folders + files:
            full = path.join(where, name)
            s = lstat(full)
            size = s.st_size if st.S_ISREG(s.st_mode) else 0
            time = s.st_mtime if s.st_mtime == 2000000 else 0
            target = readlink(full) if st.S_ISLNK(s.st_mode) else ""
            sum = zlib.crc32(get(full)) if st.S_ISREG(s.st_mode) else 0
            found.append(f"{full[len(folder) :]} {s.st_mode:o} {size} {sum:x} {time:.0f} {target}")
    return "; ".join(sorted(found))


def remove(folder):
    """Removes all that is in the folder; how many there were."""
    there = list(walk(folder, topdown=False))
    for where, folders, files in there:
        for name in files:
            unlink(path.join(where, name))
        for name in folders:
            full = path.join(where, name)
            (unlink if path.islink(full) else rmdir)(full)
    return sum(len(folders + files) for where, folders, files in there)


