// SPDX-License-Identifier: GPL-2.0
/*
 * rewrite FILE: writes 'A', which SIGALRM is to interrupt, then 'B' and then 'C' to the same place.
 * Prints what the first write returned, and the milliseconds that the others took.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char data[4096];

static void on_alarm(int sig) {}

static ssize_t put(int fd, char byte)
{
	memset(data, byte, sizeof(data));
	return pwrite(fd, data, sizeof(data), 0);
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_alarm };
	int fd = argc == 2 ? open(argv[1], O_RDWR) : -1;
	double start;

	if (fd < 0)
		err(2, "usage: rewrite FILE");
	sigaction(SIGALRM, &action, NULL);
	printf("%s\n", put(fd, 'A') < 0 ? strerrorname_np(errno) : "written");
	start = now_ms();
	if (put(fd, 'B') != sizeof(data) || put(fd, 'C') != sizeof(data))
		err(1, "the writes that follow");
	printf("%.0f\n", now_ms() - start);
	return 0;
}
