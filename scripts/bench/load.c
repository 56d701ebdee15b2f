// SPDX-License-Identifier: GPL-2.0
/*
 * load NAME WORKLOAD ARGUMENT...: does a workload once and prints "R NAME OPERATIONS MICROSECONDS".
 *
 *   nothing                      to see what the measurement itself costs
 *   stat DIR N                   of the files DIR/f0000 and so on
 *   fstat FILE N, statfs FILE N
 *   cat DIR N                    opens, reads and closes DIR/f0000 and so on
 *   create DIR N, unlink DIR N   DIR/c0000 and so on, of 512 bytes
 *   readdir DIR                  an operation is an entry
 *   read FILE BS SIZE            an operation is 4 KiB; with O_DIRECT if WORKLOAD is "dread"
 *   write FILE BS SIZE           the same, with the fsync and close at the end
 *   random FILE THREADS N        reads of 4 KiB at random places
 *   run N COMMAND...             a program, whose output goes to /dev/null
 *   inflight FILE THREADS SECS ORDER
 *                                an fstat in each thread, after ORDER went to the slow server over
 *                                descriptor 7; prints "M NAME THREADS BYTES", the slab memory while
 *                                all wait, then "F NAME THREADS ENDED MICROSECONDS"
 *
 * The instructions BEGIN and END around it start and end a phase of count.c.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

static double start;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void begin(void)
{
	start = now();
	__asm__ volatile(".byte 0x0f, 0x1f, 0x80, 'P', '9', 'c', 'b'" ::: "memory");
}

static void end(const char *name, long operations)
{
	__asm__ volatile(".byte 0x0f, 0x1f, 0x80, 'P', '9', 'c', 'e'" ::: "memory");
	printf("R %s %ld %.1f\n", name, operations, now() - start);
}

static long must(long result, const char *what)
{
	if (result < 0)
		error(1, errno, "%s", what);
	return result;
}

static char *path(const char *dir, char kind, long i)
{
	static char buf[PAGE];

	snprintf(buf, sizeof(buf), "%s/%c%04ld", dir, kind, i);
	return buf;
}

static char *buffer(size_t size)
{
	char *buf = aligned_alloc(PAGE, size);

	if (!buf)
		error(1, errno, "memory");
	return memset(buf, 'x', size);
}

static int fd;
static long each;
static off_t blocks;
static pthread_barrier_t barrier;
static atomic_int entered, finished;

static void *random_reads(void *seed)
{
	unsigned int state = (unsigned long)seed;
	char *buf = buffer(PAGE);

	pthread_barrier_wait(&barrier);
	for (long i = 0; i < each; i++)
		if (pread(fd, buf, PAGE, rand_r(&state) % blocks * PAGE) != PAGE)
			error(1, errno, "pread");
	free(buf);
	return NULL;
}

static void *one_fstat(void *unused)
{
	struct stat st;

	(void)unused;
	pthread_barrier_wait(&barrier);
	entered++;
	if (!fstat(fd, &st))
		finished++;
	return NULL;
}

static pthread_t *threads(long n, void *(*body)(void *))
{
	pthread_t *all = calloc(n, sizeof(*all));
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 16 * PAGE);
	pthread_barrier_init(&barrier, NULL, n + 1);
	for (long i = 0; i < n; i++)
		if ((errno = pthread_create(&all[i], &small, body, (void *)(i + 1))))
			error(1, errno, "pthread_create");
	return all;
}

/* The bytes of the kernel's slab objects that are in use, not only kept for later. */
static long slab(void)
{
	long active, size, sum = 0;
	char line[256];
	FILE *file;
	glob_t all;

	if (glob("/sys/kernel/slab/*/shrink", 0, NULL, &all))
		error(1, errno, "/sys/kernel/slab");
	for (size_t i = 0; i < all.gl_pathc; i++) {
		file = fopen(all.gl_pathv[i], "w");
		if (!file || fputs("1", file) < 0 || fclose(file))
			error(1, errno, "%s", all.gl_pathv[i]);
	}
	globfree(&all);
	file = fopen("/proc/slabinfo", "r");
	if (!file)
		error(1, errno, "/proc/slabinfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %ld %*d %ld", &active, &size) == 2)
			sum += active * size;
	fclose(file);
	return sum;
}

static void inflight(const char *name, long n, double seconds, const char *order)
{
	long before;
	double last = 0;
	int ended = 0;

	threads(n, one_fstat);
	must(dprintf(7, "%s\n", order), order);
	usleep(500000);
	before = slab();
	start = now();
	pthread_barrier_wait(&barrier);
	while (entered < n)
		usleep(10000);
	usleep(100000);
	printf("M %s %ld %ld\n", name, n, slab() - before);
	fflush(stdout);
	while (ended < n && now() - start < seconds * 1e6) {
		usleep(2000);
		if (finished != ended) {
			ended = finished;
			last = now();
		}
	}
	printf("F %s %ld %d %.1f\n", name, n, ended, ended ? last - start : 0);
	fflush(stdout);
	_exit(0); /* threads that hang would keep us from it */
}

int main(int argc, char **argv)
{
	const char *name = argv[1], *what = argv[2], *file = argc > 3 ? argv[3] : NULL;
	long n = argc > 4 ? atol(argv[4]) : 0, size = argc > 5 ? atol(argv[5]) : 0, i, got;
	struct statfs sfs;
	struct stat st;
	char *buf;

	if (argc < 3)
		error(1, 0, "usage: load NAME WORKLOAD ARGUMENT...");
	if (!strcmp(what, "nothing")) {
		begin();
		end(name, 1);
	} else if (!strcmp(what, "stat")) {
		begin();
		for (i = 0; i < n; i++)
			must(stat(path(file, 'f', i), &st), "stat");
		end(name, n);
	} else if (!strcmp(what, "fstat") || !strcmp(what, "statfs")) {
		fd = must(open(file, O_RDONLY), file);
		begin();
		for (i = 0; i < n; i++)
			must(what[1] == 's' ? fstat(fd, &st) : statfs(file, &sfs), what);
		end(name, n);
	} else if (!strcmp(what, "cat")) {
		buf = buffer(16 * PAGE);
		begin();
		for (i = 0; i < n; i++) {
			fd = must(open(path(file, 'f', i), O_RDONLY), "open");
			while (must(read(fd, buf, 16 * PAGE), "read"))
				;
			close(fd);
		}
		end(name, n);
	} else if (!strcmp(what, "create")) {
		buf = buffer(PAGE);
		begin();
		for (i = 0; i < n; i++) {
			fd = must(open(path(file, 'c', i), O_WRONLY | O_CREAT | O_EXCL, 0644), "create");
			must(write(fd, buf, 512), "write");
			must(close(fd), "close");
		}
		end(name, n);
	} else if (!strcmp(what, "unlink")) {
		begin();
		for (i = 0; i < n; i++)
			must(unlink(path(file, 'c', i)), "unlink");
		end(name, n);
	} else if (!strcmp(what, "readdir")) {
		DIR *dir;

		begin();
		dir = opendir(file);
		if (!dir)
			error(1, errno, "%s", file);
		for (i = 0; readdir(dir); i++)
			;
		closedir(dir);
		end(name, i);
	} else if (!strcmp(what, "read") || !strcmp(what, "dread")) {
		buf = buffer(n);
		fd = must(open(file, O_RDONLY | (*what == 'd' ? O_DIRECT : 0)), file);
		begin();
		for (i = 0; i < size; i += got) {
			got = must(read(fd, buf, n), "read");
			if (!got)
				error(1, 0, "%s: too short", file);
		}
		end(name, size / PAGE);
	} else if (!strcmp(what, "write")) {
		buf = buffer(n);
		fd = must(open(file, O_WRONLY | O_CREAT | O_TRUNC, 0644), file);
		begin();
		for (i = 0; i < size; i += got)
			got = must(write(fd, buf, n), "write");
		must(fsync(fd), "fsync");
		must(close(fd), "close");
		end(name, size / PAGE);
	} else if (!strcmp(what, "random")) {
		pthread_t *all;

		fd = must(open(file, O_RDONLY), file);
		must(fstat(fd, &st), file);
		blocks = st.st_size / PAGE;
		each = size / n;
		all = threads(n, random_reads);
		usleep(100000);
		begin();
		pthread_barrier_wait(&barrier);
		for (i = 0; i < n; i++)
			pthread_join(all[i], NULL);
		end(name, each * n);
	} else if (!strcmp(what, "run")) {
		int status;
		pid_t pid;

		begin();
		pid = must(fork(), "fork");
		if (!pid) {
			must(dup2(must(open("/dev/null", O_WRONLY), "/dev/null"), 1), "dup2");
			execvp(argv[4], argv + 4);
			error(127, errno, "%s", argv[4]);
		}
		must(waitpid(pid, &status, 0), "waitpid");
		end(name, atol(file));
		if (status)
			error(1, 0, "%s: status %x", argv[4], status);
	} else if (!strcmp(what, "inflight") && argc > 6) {
		fd = must(open(file, O_RDONLY), file);
		inflight(name, n, size, argv[6]);
	} else {
		error(1, 0, "no such workload: %s", what);
	}
	return 0;
}
