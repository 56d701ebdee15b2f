// SPDX-License-Identifier: GPL-2.0
/*
 * storm SIGNALS FOLDER [restart]
 *
 * Unpacks small files into FOLDER again and again, as tar does, while a timer and dying children
 * interrupt it, until it has got SIGNALS signals. Says which call failed, if one did.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t alarms, children;

static void on_alarm(int sig) { alarms++; }
static void on_child(int sig) { children++; }

/* Without SA_RESTART what can fail with EINTR does. */
static int flags;

static void handle(int sig, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigaction(sig, &action, NULL);
}

static void ok(long result, const char *what, long round)
{
	if (result < 0)
		err(1, "%s in round %ld after %d signals", what, round, alarms + children);
}

static void unpack(long round)
{
	static char data[20000];
	struct timespec times[2] = { { 1000 }, { 1000 } };
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "dir%ld", round % 10);
	if (mkdir(name, 0700) && errno != EEXIST)
		ok(-1, "mkdir", round);
	snprintf(name, sizeof(name), "dir%ld/file%ld", round % 10, round % 50);
	unlink(name);
	ok(fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600), "open", round);
	ok(write(fd, data, sizeof(data)), "write", round);
	ok(fchmod(fd, 0644), "fchmod", round);
	ok(futimens(fd, times), "futimens", round);
	ok(close(fd), "close", round);
	ok(fd = open(name, O_RDONLY), "open to read", round);
	ok(read(fd, data, sizeof(data)), "read", round);
	ok(close(fd), "close", round);
}

int main(int argc, char **argv)
{
	struct itimerval timer = { { 0, 1000 }, { 0, 1000 } };
	long round, wanted = argc >= 3 ? atol(argv[1]) : 0;
	pid_t parent = getpid(), child;

	if (!wanted)
		errx(2, "usage: storm SIGNALS FOLDER [restart]");
	ok(chdir(argv[2]), "chdir", 0);
	flags = argc > 3 ? SA_RESTART : 0;
	handle(SIGALRM, on_alarm);
	handle(SIGCHLD, on_child);
	setitimer(ITIMER_REAL, &timer, NULL);
	for (round = 0; alarms + children < wanted; round++) {
		child = fork();
		if (!child)
			_exit(0);
		if (child > 0 && round % 4 == 0)
			kill(parent, SIGCHLD); /* one more */
		unpack(round);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	printf("%ld files, %d alarms, %d children\n", round, alarms, children);
	return 0;
}
