// SPDX-License-Identifier: GPL-2.0
/*
 * waiter FILE [write]: reads FILE, or writes it, while io_uring gives the task work to do. Prints the
 * milliseconds that it took, and those of processor time.
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
	int fd = argc >= 2 ? open(argv[1], O_RDWR) : -1;
	double start, cpu;
	ssize_t done;
	struct ring ring;
	char data[16] = "0123456789abcde";

	if (fd < 0)
		err(2, "usage: waiter FILE [write]");
	ring_init(&ring);
	ring_timeouts(&ring);
	start = ms(CLOCK_MONOTONIC);
	cpu = ms(CLOCK_PROCESS_CPUTIME_ID);
	done = argc > 2 ? write(fd, data, sizeof(data)) : read(fd, data, sizeof(data));
	if (done != sizeof(data))
		err(1, "%s", argv[1]);
	printf("%.1f %.1f\n", ms(CLOCK_MONOTONIC) - start, ms(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	return 0;
}
