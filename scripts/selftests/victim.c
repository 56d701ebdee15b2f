// SPDX-License-Identifier: GPL-2.0
/*
 * victim [-SIGNAL] OPERATION FILE...
 *
 * Does OPERATION in a child and kills it when a line comes on stdin. Prints how many milliseconds
 * passed until the child was reaped, "hangs" if LIMIT_MS did not suffice, or "ended" if the child
 * was not killed but came back by itself.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "uring.h"

#define LIMIT_MS 10000
#define SIZE 65536

static int opened(const char *file, int flags)
{
	int fd = open(file, flags, 0600);

	if (fd < 0)
		err(2, "%s", file);
	return fd;
}

static void *buffer(void)
{
	void *data = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (data == MAP_FAILED)
		err(2, "mmap");
	return memset(data, 'v', SIZE);
}

static void do_open(char **file) { opened(*file, O_RDONLY); }
static void do_create(char **file) { opened(*file, O_RDWR | O_CREAT | O_EXCL); }
static void do_read(char **file) { read(opened(*file, O_RDONLY), buffer(), SIZE); }
static void do_direct(char **file) { read(opened(*file, O_RDONLY | O_DIRECT), buffer(), SIZE); }
static void do_write(char **file) { write(opened(*file, O_RDWR), buffer(), SIZE); }
static void do_close(char **file) { close(opened(*file, O_RDWR)); }
static void do_close_read(char **file) { close(opened(*file, O_RDONLY)); }
static void do_unlink(char **file) { unlink(*file); }

static void do_rename(char **file)
{
	char to[4096];

	snprintf(to, sizeof(to), "%s~", *file);
	rename(*file, to);
}

static void do_mmap(char **file)
{
	volatile char *page = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, opened(*file, O_RDONLY), 0);

	(void)page[0];
}

static void do_fsync(char **file)
{
	int fd = opened(*file, O_RDWR);

	pwrite(fd, "dirty", 5, 0);
	fsync(fd);
}

/* Writes a lot, and waits until it is on the server. */
static void do_dirty_fsync(char **file)
{
	int fd = opened(*file, O_RDWR);

	pwrite(fd, buffer(), SIZE, 0);
	fsync(fd);
}

/* Leaves dirty data to the close at exit. */
static void do_dirty(char **file)
{
	pwrite(opened(*file, O_RDWR), buffer(), SIZE, 0);
	do_read(file + 1);
}

static void do_lock(char **file)
{
	struct flock lock = { .l_type = F_WRLCK };

	fcntl(opened(*file, O_RDWR), F_SETLK, &lock);
}

/* Reads with a lock held. */
static void do_locked(char **file)
{
	do_lock(file);
	do_read(file);
}

static void do_getxattr(char **file)
{
	char value[16];

	getxattr(*file, "user.name", value, sizeof(value));
}

static void do_stat(char **file)
{
	struct stat st;

	stat(*file, &st);
}

/* Comes to the mount as a user that it does not know yet. */
static void do_attach(char **file)
{
	if (setuid(1))
		err(2, "setuid");
	do_stat(file);
}

static void do_fstat(char **file)
{
	struct stat st;

	fstat(opened(*file, O_RDONLY), &st);
}

static void do_readdir(char **folder)
{
	DIR *dir = opendir(*folder);

	if (dir)
		readdir(dir);
}

/* Reads into a file that is mapped, as far as it is long. */
static void read_shared(char **file, int flags)
{
	int fd = opened(file[1], O_RDWR);
	off_t size = lseek(fd, 0, SEEK_END);
	void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (data == MAP_FAILED)
		err(2, "%s", file[1]);
	read(opened(*file, O_RDONLY | flags), data, size);
}

static void do_shared(char **file) { read_shared(file, 0); }
static void do_shared_direct(char **file) { read_shared(file, O_DIRECT); }

/* Lives in the folder, and reads. */
static void do_chdir(char **file)
{
	if (chdir(file[0]))
		err(2, "%s", file[0]);
	do_read(file + 1);
}

/* Reads the last file with the others open. */
static void do_many(char **file)
{
	for (; file[1]; file++)
		opened(*file, O_RDWR);
	do_read(file);
}

/* Reads through io_uring. */
static void do_uring(char **file)
{
	struct ring ring;

	ring_init(&ring);
	ring_add(&ring, IORING_OP_READ, opened(*file, O_RDONLY), buffer(), SIZE);
	ring_enter(&ring, 1, 1);
}

/* Writes through io_uring. */
static void do_uring_write(char **file)
{
	struct ring ring;

	ring_init(&ring);
	ring_add(&ring, IORING_OP_WRITE, opened(*file, O_RDWR), buffer(), SIZE);
	ring_enter(&ring, 1, 1);
}

/* Reads while task work comes. */
static void do_notified(char **file)
{
	struct ring ring;

	ring_init(&ring);
	ring_timeouts(&ring);
	do_read(file);
}

static void do_threads(char **file);

static const struct operation {
	const char *name;
	void (*run)(char **file);
} operations[] = {
	{ "open", do_open },	 { "create", do_create },   { "read", do_read },
	{ "direct", do_direct }, { "write", do_write },	    { "close", do_close },
	{ "rename", do_rename }, { "unlink", do_unlink },   { "mmap", do_mmap },
	{ "fsync", do_fsync },	 { "dirty", do_dirty },	    { "lock", do_lock },
	{ "locked", do_locked }, { "getxattr", do_getxattr }, { "attach", do_attach },
	{ "stat", do_stat },	 { "fstat", do_fstat },	    { "readdir", do_readdir },
	{ "shared", do_shared }, { "shared-direct", do_shared_direct },
	{ "chdir", do_chdir },	 { "many", do_many },	    { "threads", do_threads },
	{ "dirty-fsync", do_dirty_fsync }, { "close-read", do_close_read },
	{ "uring", do_uring },	 { "uring-write", do_uring_write },
	{ "notified", do_notified },
};

static const struct operation *find(const char *name)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (!strcmp(operations[i].name, name))
			return &operations[i];
	errx(2, "%s: no such operation", name);
}

static void *thread(void *arg)
{
	char **argv = arg;

	find(argv[0])->run(argv + 1);
	return NULL;
}

/* OPERATION FILE OPERATION FILE...: a thread in each. */
static void do_threads(char **arg)
{
	pthread_t id;
	char **pair;

	for (; arg[0] && arg[1]; arg += 2) {
		pair = calloc(3, sizeof(*pair));
		pair[0] = arg[0];
		pair[1] = arg[1];
		if (pthread_create(&id, NULL, thread, pair))
			errx(2, "cannot make a thread");
	}
	for (;;)
		pause();
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	const struct operation *operation;
	int sig = SIGKILL, status;
	struct pollfd end = { .events = POLLIN };
	double start;
	pid_t pid;

	if (argc > 1 && argv[1][0] == '-') {
		sig = atoi(argv[1] + 1);
		argv++, argc--;
	}
	if (argc < 3)
		errx(2, "usage: victim [-SIGNAL] OPERATION FILE...");
	operation = find(argv[1]);

	pid = fork();
	if (pid < 0)
		err(2, "fork");
	if (!pid) {
		signal(sig, SIG_DFL); /* the shell lets background jobs ignore SIGINT */
		operation->run(argv + 2);
		_exit(0);
	}
	end.fd = pidfd_open(pid, 0);
	getchar();
	start = now_ms();
	kill(pid, sig);
	if (poll(&end, 1, LIMIT_MS) != 1) {
		puts("hangs");
		return 0;
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status) && WTERMSIG(status) == sig)
		printf("%.1f\n", now_ms() - start);
	else
		puts("ended");
	return 0;
}
