/* SPDX-License-Identifier: GPL-2.0 */
/*
 * C for Rust: sockets and other files as byte streams, and kernel threads. Every name begins with
 * p9rs_. The Rust side is in rust/sys/.
 */
#ifndef P9RS_HELPERS_STREAM_H
#define P9RS_HELPERS_STREAM_H

#include <linux/compiler_attributes.h>
#include <linux/types.h>

struct bio_vec;
struct file;
struct net;
struct scatterlist;
struct socket;
struct task_struct;
struct wait_queue_head;

/*
 * How p9rs_stream_send() sends: over TCP more follows at once; the pages are kept, not copied; nobody
 * else has the file.
 */
#define P9RS_MORE	1
#define P9RS_SPLICE	2
#define P9RS_OWN	4

/* What p9rs_stream_wait() has seen. */
#define P9RS_READABLE	1
#define P9RS_WRITABLE	2

/* Sockets */
struct net *p9rs_current_net(void);
void p9rs_sock_set_up(struct socket *sock);
void p9rs_sock_shutdown(struct file *file);

/* Files */
bool p9rs_file_is_tcp(struct file *file);
bool p9rs_file_is_stream(struct file *file);
bool p9rs_file_can_read(struct file *file);
bool p9rs_file_can_write(struct file *file);
ssize_t p9rs_stream_recv(struct file *file, const struct bio_vec *vecs, unsigned int n,
			 size_t bytes, bool own);
ssize_t p9rs_stream_send(struct file *file, const struct bio_vec *vecs, unsigned int n,
			 size_t bytes, unsigned int how);
unsigned int p9rs_stream_wait(struct file *rd, struct file *wr, struct wait_queue_head *wq,
			      const u32 *woken, bool pause);

/* Pieces of memory */
bool p9rs_bvec_set_buf(struct bio_vec *vec, void *buf, unsigned int len);
void p9rs_bvec_set_sg(struct bio_vec *vec, struct scatterlist *sg, unsigned int skip,
		      unsigned int len);

/* Threads */
struct task_struct *p9rs_thread_create(int (*main)(void *), void *data, const char *name);
void p9rs_thread_begin(void);
int p9rs_thread_exit(void);
void p9rs_thread_signal(struct task_struct *task);
void p9rs_thread_put(struct task_struct *task);

#endif /* P9RS_HELPERS_STREAM_H */
