// SPDX-License-Identifier: GPL-2.0
/* readers N SECONDS FILE: N processes read FILE again and again. Prints reads per second. */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static long reads_until(double end, const char *file)
{
	static char data[16384];
	long reads = 0;
	int fd = open(file, O_RDONLY);

	if (fd < 0)
		err(2, "%s", file);
	for (; now() < end; reads++)
		if (pread(fd, data, sizeof(data), 0) < 0)
			err(2, "%s", file);
	return reads;
}

int main(int argc, char **argv)
{
	int i, count = argc == 4 ? atoi(argv[1]) : 0;
	double seconds = count ? atof(argv[2]) : 0;
	double end = now() + seconds;
	long *reads, sum = 0;

	if (!count)
		errx(2, "usage: readers N SECONDS FILE");
	reads = mmap(NULL, count * sizeof(*reads), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < count; i++) {
		if (!fork()) {
			reads[i] = reads_until(end, argv[3]);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	for (i = 0; i < count; i++)
		sum += reads[i];
	printf("%.0f\n", sum / seconds);
	return 0;
}
