// SPDX-License-Identifier: GPL-2.0
/*
 * waiter FILE: reads FILE while io_uring gives the task work to do. Prints the milliseconds that the
 * read took, and those of processor time.
 */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "uring.h"

static double ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	double start, cpu;
	struct ring ring;
	char data[16];

	if (fd < 0)
		err(2, "usage: waiter FILE");
	ring_init(&ring);
	ring_timeouts(&ring);
	start = ms(CLOCK_MONOTONIC);
	cpu = ms(CLOCK_PROCESS_CPUTIME_ID);
	if (read(fd, data, sizeof(data)) != sizeof(data))
		err(1, "read");
	printf("%.1f %.1f\n", ms(CLOCK_MONOTONIC) - start, ms(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	return 0;
}
