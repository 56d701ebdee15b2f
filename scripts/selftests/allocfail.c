// SPDX-License-Identifier: GPL-2.0
/*
 * allocfail sweep|random ROUNDS SOURCE OPTIONS DIR
 *
 * Mounts SOURCE on DIR and does each operation there while allocations of memory fail, as the fault
 * injection is set up in debugfs:
 *
 *   sweep   the first allocation of the operation fails, then the second only, and so on, until one
 *           run of it has no more allocations; at most ROUNDS runs of one operation
 *   random  ROUNDS times all operations, in a row, while the attributes in debugfs decide
 *
 * An operation must succeed or say why not, with ENOMEM, or with what the kernel has instead for a
 * socket, a connection or a lock without memory, ENFILE, ENOBUFS and ENOLCK. The stock 9p.ko adds
 * one: a folder whose attributes it could not read anew is ESTALE to it. What an operation says it
 * has done must be so when memory is there again. What was written to the page cache may be lost on
 * its way to the server, but then the next fsync must say so. Prints "OPERATION: runs, injected,
 * failed" and what was wrong; the exit status is 0 if nothing was.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SIZE 65536

struct operation {
	const char *name;
	void (*before)(void);
	int (*run)(void);
	void (*after)(int error); /* with memory again; NULL: none() */
	bool outside;		  /* not in the mounted folder */
	int runs, injected, failed;
};

static const char *source, *options, *dir;
static int nth_fd, probability[2];
static char *want, *buffer; /* page aligned */
static int fd = -1;	    /* what an operation works on */
static bool random_mode;
static int wrong;
static struct operation *at; /* that was run last */

/* Files of attributes take no position. */
static int put(int file, const char *text)
{
	return write(file, text, strlen(text)) < 0 ? -errno : 0;
}

/* Lets allocations fail, number nth of this task or at random, or no more. */
static void inject(unsigned int nth)
{
	char text[16];

	if (random_mode) {
		for (int i = 0; i < 2; i++)
			if (probability[i] >= 0 && put(probability[i], nth ? getenv("PROBABILITY") : "0"))
				err(2, "probability");
		return;
	}
	snprintf(text, sizeof(text), "%u", nth);
	if (put(nth_fd, text))
		err(2, "fail-nth");
}

/* Whether the allocation has failed that should. */
static bool injected(void)
{
	char text[16] = "";

	if (pread(nth_fd, text, sizeof(text) - 1, 0) < 0)
		err(2, "fail-nth");
	return atoi(text) == 0;
}

static int result(long returned) { return returned < 0 ? -errno : 0; }

static int op_mount(void)
{
	return result(mount(source, dir, "9p", 0, options));
}

static int op_umount(void) { return result(umount2(dir, 0)); }
static int op_creat(void) { return result(fd = open("new", O_CREAT | O_EXCL | O_RDWR, 0600)); }
static int op_open(void) { return result(fd = open("file", O_RDWR)); }
static int op_open_missing(void)
{
	int error = result(fd = open("missing", O_RDWR));

	return error == -ENOENT ? 0 : error;
}

static int op_close(void)
{
	int file = fd;

	fd = -1;
	return result(close(file));
}

/* All of the file, however much comes at a time. */
static int read_all(void)
{
	long got, all = 0;

	memset(buffer, 0, SIZE);
	while (all < SIZE && (got = pread(fd, buffer + all, SIZE - all, all)) > 0)
		all += got;
	if (got < 0)
		return -errno;
	if (all == SIZE && !memcmp(buffer, want, SIZE))
		return 0;
	for (got = 0; got < all && buffer[got] == want[got]; got++)
		;
	printf("read %ld bytes, of which %ld are right, then comes %#x\n", all, got, buffer[got % SIZE]);
	return -EBADMSG;
}

static int write_all(void)
{
	long put, all = 0;

	while (all < SIZE) {
		put = pwrite(fd, want + all, SIZE - all, all);
		if (put < 0)
			return -errno;
		if (put == 0)
			return -EBADMSG;
		all += put;
	}
	return 0;
}

static int op_fsync(void) { return result(fsync(fd)); }
static int op_truncate(void) { return result(ftruncate(fd, SIZE)); }
static int op_statfs(void) { return result(statfs(".", &(struct statfs){ 0 })); }
static int op_stat(void) { return result(fstatat(AT_FDCWD, "file", &(struct stat){ 0 }, 0)); }
static int op_chmod(void) { return result(chmod("file", 0640)); }
static int op_mkdir(void) { return result(mkdir("new", 0700)); }
static int op_rmdir(void) { return result(rmdir("new")); }
static int op_unlink(void) { return result(unlink("new")); }
static int op_rename(void) { return result(rename("new", "other")); }
static int op_link(void) { return result(link("file", "new")); }
static int op_symlink(void) { return result(symlink("target", "new")); }
static int op_lock(void) { return result(flock(fd, LOCK_EX)); }
static int op_unlock(void) { return result(flock(fd, LOCK_UN)); }
static int op_setxattr(void) { return result(setxattr("file", "user.a", "value", 5, 0)); }
static int op_getxattr(void)
{
	char value[16];
	long size = getxattr("file", "user.a", value, sizeof(value));

	if (size < 0)
		return -errno;
	return size == 5 && !memcmp(value, "value", 5) ? 0 : -EBADMSG;
}

static int op_readlink(void)
{
	char value[16];
	long size = readlink("new", value, sizeof(value));

	if (size < 0)
		return -errno;
	return size == 6 && !memcmp(value, "target", 6) ? 0 : -EBADMSG;
}

static int op_readdir(void)
{
	char entries[4096];
	long size;
	int error;
	int folder = open(".", O_RDONLY | O_DIRECTORY);

	if (folder < 0)
		return -errno;
	while ((size = syscall(SYS_getdents64, folder, entries, sizeof(entries))) > 0)
		;
	error = result(size);
	close(folder);
	return error;
}

static int op_mmap(void)
{
	/* A failed page fault would be a SIGBUS: the kernel is asked to do it in a call. */
	void *map = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
	int error;

	if (map == MAP_FAILED)
		return -errno;
	error = result(madvise(map, SIZE, MADV_POPULATE_READ));
	if (error == -EFAULT)
		error = -ENOMEM; /* what madvise(2) makes of it */
	if (!error && memcmp(map, want, SIZE))
		error = -EBADMSG;
	munmap(map, SIZE);
	return error;
}

/* Preparations and their undoing, with memory. */
static void must(const char *what, int error)
{
	if (error)
		errx(2, "%s: %s", what, strerror(-error));
}

static void chosen(void) { must("chdir", result(chdir(dir))); }
static void left(void) { must("chdir", result(chdir("/"))); }
static void opened(void) { must("open", op_open()); }

static void direct(void)
{
	fd = open("file", O_RDWR | O_DIRECT);
	must("open", result(fd));
}

static void closed(void)
{
	if (fd >= 0)
		close(fd);
	fd = -1;
}

static void forgotten(void)
{
	int file;

	closed();
	must("open", result(file = open("/proc/sys/vm/drop_caches", O_WRONLY)));
	sync();
	put(file, "3");
	close(file);
}

static void forgotten_opened(void)
{
	forgotten();
	opened();
}

/* What is written is there, or the next fsync says that it may not be. */
static void checked(void)
{
	if (fd < 0)
		opened();
	if (op_fsync())
		return;
	forgotten_opened();
	if (read_all()) {
		printf("%s: lost\n", at->name);
		wrong++;
	}
}

static void none(void)
{
	closed();
	unlink("new");
	unlink("other");
	rmdir("new");
}

static void file_made(void)
{
	none();
	must("creat", op_creat());
	closed();
}

static void dir_made(void)
{
	none();
	must("mkdir", op_mkdir());
}

static void link_made(void)
{
	none();
	must("symlink", op_symlink());
}

static void locked(void)
{
	opened();
	must("flock", op_lock());
}

static void dirtied(void)
{
	opened();
	must("write", write_all());
}

static void is_mounted(void)
{
	left();
	must("mount", op_mount());
}

static void not_mounted(void)
{
	left();
	closed();
	if (umount2(dir, 0) && errno != EINVAL)
		err(2, "umount");
}

static void nothing(void) {}

static void after_write(int error)
{
	if (!error)
		checked();
	/* Half of it may be written: all of it now. */
	closed();
	opened();
	must("write", write_all());
	closed();
}

static void after_mount(int error)
{
	(void)error;
	not_mounted();
}

static struct operation operations[] = {
	{ "mount", not_mounted, op_mount, after_mount, true },
	{ "umount", is_mounted, op_umount, after_mount, true },
	{ "statfs", nothing, op_statfs },
	{ "stat", forgotten, op_stat },
	{ "open", forgotten, op_open },
	{ "open, missing", forgotten, op_open_missing },
	{ "creat", none, op_creat },
	{ "close", opened, op_close },
	{ "read", forgotten_opened, read_all },
	{ "direct read", direct, read_all },
	{ "mmap", forgotten_opened, op_mmap },
	{ "write", opened, write_all, after_write },
	{ "direct write", direct, write_all, after_write },
	{ "fsync", dirtied, op_fsync, after_write },
	{ "close, dirty", dirtied, op_close, after_write },
	{ "truncate", opened, op_truncate },
	{ "chmod", nothing, op_chmod },
	{ "mkdir", none, op_mkdir },
	{ "rmdir", dir_made, op_rmdir },
	{ "unlink", file_made, op_unlink },
	{ "rename", file_made, op_rename },
	{ "link", none, op_link },
	{ "symlink", none, op_symlink },
	{ "readlink", link_made, op_readlink },
	{ "readdir", forgotten, op_readdir },
	{ "lock", opened, op_lock },
	{ "unlock", locked, op_unlock },
	{ "setxattr", nothing, op_setxattr },
	{ "getxattr", nothing, op_getxattr },
};

#define OPERATIONS (sizeof(operations) / sizeof(*operations))

static void one(struct operation *op, unsigned int nth)
{
	int error;

	at = op;
	op->before();
	inject(nth);
	error = op->run();
	if (random_mode) {
		inject(0);
	} else {
		op->injected += injected();
		inject(0);
	}
	op->runs++;
	if (error) {
		op->failed++;
		if (error != -ENOMEM && error != -ENFILE && error != -ENOBUFS &&
		    error != -ENOLCK && !(error == -ESTALE && op->run == op_readdir)) {
			printf("%s, allocation %u: %s\n", op->name, nth, strerror(-error));
			wrong++;
		}
	}
	/* It may be done on the server all the same: with cache=loose nobody would look. */
	if (error)
		forgotten();
	if (op->after)
		op->after(error);
	else
		none();
}

/* The share with a file in it, as the first operations find it. */
static void set_up(void)
{
	not_mounted();
	must("mount", op_mount());
	chosen();
	fd = open("file", O_CREAT | O_RDWR, 0600);
	must("creat", result(fd));
	must("write", write_all());
	must("setxattr", op_setxattr());
	closed();
	none();
}

int main(int argc, char **argv)
{
	int rounds, runs = 0, all_injected = 0;

	if (argc != 6)
		errx(2, "usage: allocfail sweep|random ROUNDS SOURCE OPTIONS DIR");
	random_mode = !strcmp(argv[1], "random");
	rounds = atoi(argv[2]);
	source = argv[3];
	options = argv[4];
	dir = argv[5];
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	probability[0] = open("/sys/kernel/debug/failslab/probability", O_RDWR);
	probability[1] = open("/sys/kernel/debug/fail_page_alloc/probability", O_RDWR);
	if (nth_fd < 0 || probability[0] < 0 || probability[1] < 0)
		err(2, "no fault injection");
	want = aligned_alloc(4096, SIZE);
	buffer = aligned_alloc(4096, SIZE);
	for (int i = 0; i < SIZE; i++)
		want[i] = 'a' + i % 23;

	set_up();
	if (random_mode) {
		for (int round = 1; round <= rounds; round++)
			for (unsigned int i = 0; i < OPERATIONS; i++) {
				if (operations[i].outside)
					left();
				one(&operations[i], round);
				if (operations[i].outside && (i + 1 == OPERATIONS || !operations[i + 1].outside))
					set_up();
			}
	} else {
		for (unsigned int i = 0; i < OPERATIONS; i++) {
			struct operation *op = &operations[i];
			int nth = 0, last;

			if (op->outside)
				left();
			do {
				last = op->injected;
				one(op, ++nth);
			} while (op->injected > last && nth < rounds);
			if (op->outside && !operations[i + 1].outside)
				set_up();
		}
	}
	not_mounted();
	for (unsigned int i = 0; i < OPERATIONS; i++) {
		struct operation *op = &operations[i];

		printf("%s: %d runs, %d injected, %d failed\n", op->name, op->runs, op->injected,
		       op->failed);
		runs += op->runs;
		all_injected += op->injected;
	}
	printf("all: %d runs, %d injected\n", runs, all_injected);
	return wrong ? 1 : 0;
}
