// SPDX-License-Identifier: GPL-2.0
/* Just enough of io_uring to submit a few requests, without a library. */
#include <err.h>
#include <linux/io_uring.h>
#include <linux/time_types.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct ring {
	int fd;
	struct io_uring_params params;
	unsigned int *tail, *mask, *array;
	struct io_uring_sqe *sqes;
};

static void ring_init(struct ring *ring)
{
	size_t size;
	char *sq;

	memset(ring, 0, sizeof(*ring));
	ring->fd = syscall(SYS_io_uring_setup, 32, &ring->params);
	if (ring->fd < 0)
		err(4, "io_uring_setup");
	size = ring->params.sq_off.array + ring->params.sq_entries * sizeof(unsigned int);
	sq = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
		  IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, ring->params.sq_entries * sizeof(*ring->sqes),
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
			  IORING_OFF_SQES);
	if (sq == MAP_FAILED || ring->sqes == MAP_FAILED)
		err(2, "mmap");
	ring->tail = (unsigned int *)(sq + ring->params.sq_off.tail);
	ring->mask = (unsigned int *)(sq + ring->params.sq_off.ring_mask);
	ring->array = (unsigned int *)(sq + ring->params.sq_off.array);
}

static struct io_uring_sqe *ring_add(struct ring *ring, int op, int fd, void *addr, unsigned int len)
{
	unsigned int slot = *ring->tail & *ring->mask;
	struct io_uring_sqe *sqe = &ring->sqes[slot];

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = op;
	sqe->fd = fd;
	sqe->addr = (uintptr_t)addr;
	sqe->len = len;
	ring->array[slot] = slot;
	__atomic_store_n(ring->tail, *ring->tail + 1, __ATOMIC_RELEASE);
	return sqe;
}

/* Submits one request and waits for `wait` completions. */
static void ring_enter(struct ring *ring, unsigned int submit, unsigned int wait)
{
	if (syscall(SYS_io_uring_enter, ring->fd, submit, wait, wait ? IORING_ENTER_GETEVENTS : 0,
		    NULL, 0) < 0)
		err(2, "io_uring_enter");
}

/* Makes task work for the calling task every 20 ms, twenty times. */
static void ring_timeouts(struct ring *ring)
{
	static struct __kernel_timespec times[20];
	int i;

	for (i = 0; i < 20; i++) {
		times[i].tv_nsec = (i + 1) * 20000000L;
		ring_add(ring, IORING_OP_TIMEOUT, -1, &times[i], 1);
	}
	ring_enter(ring, 20, 0);
}
