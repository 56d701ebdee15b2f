// SPDX-License-Identifier: GPL-2.0
/* C for Rust: see helpers_stream.h. */

#include <linux/bvec.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/scatterlist.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/socket.h>
#include <linux/tcp.h>
#include <linux/uio.h>
#include <net/sock.h>

#include "helpers_stream.h"

/* ---- Sockets ---- */

struct net *p9rs_current_net(void)
{
	return current->nsproxy->net_ns;
}

/*
 * For a new socket of ours. Writing pages back may go through it, so it starts no I/O to get
 * memory. It keeps its network namespace, which those who mount may leave.
 */
void p9rs_sock_set_up(struct socket *sock)
{
	struct sock *sk = sock->sk;

	sk_net_refcnt_upgrade(sk);
	sk->sk_allocation = GFP_NOIO;
	sk->sk_use_task_frag = false;
	if (sk_is_tcp(sk))
		tcp_sock_set_nodelay(sk);
}

/* Ends a connection of ours now, whoever still has the file. */
void p9rs_sock_shutdown(struct file *file)
{
	kernel_sock_shutdown(sock_from_file(file), SHUT_RDWR);
}

/* ---- Files ---- */

bool p9rs_file_is_tcp(struct file *file)
{
	struct socket *sock = sock_from_file(file);

	return sock && sk_is_tcp(sock->sk);
}

/* Not a file whose bytes have places, and no socket that keeps messages apart. */
bool p9rs_file_is_stream(struct file *file)
{
	struct socket *sock = sock_from_file(file);
	umode_t mode = file_inode(file)->i_mode;

	return sock ? sock->type == SOCK_STREAM : S_ISFIFO(mode) || S_ISCHR(mode);
}

bool p9rs_file_can_read(struct file *file)
{
	return file->f_mode & FMODE_READ;
}

bool p9rs_file_can_write(struct file *file)
{
	return file->f_mode & FMODE_WRITE;
}

/*
 * Pipes take orders for one call. The flag of other files belongs to all who have the file open,
 * and anybody may clear it: it is set again each time.
 */
static void set_nowait(struct kiocb *iocb, struct file *file)
{
	init_sync_kiocb(iocb, file);
	if (file->f_mode & FMODE_NOWAIT || S_ISFIFO(file_inode(file)->i_mode)) {
		iocb->ki_flags |= IOCB_NOWAIT;
	} else {
		spin_lock(&file->f_lock);
		file->f_flags |= O_NONBLOCK;
		spin_unlock(&file->f_lock);
	}
}

/* Pieces of a file of others that one call moves. */
#define PIECES	16

/*
 * The memory that a call moves. A file that others can change gets it by address: kernel TLS, which they
 * may put on a socket, takes references of pages, which some of ours do not have.
 */
struct pieces {
	struct iov_iter iter;
	struct kvec kvecs[PIECES];
};

static void pieces_init(struct pieces *to, unsigned int direction, const struct bio_vec *vecs,
			unsigned int n, size_t bytes, bool own)
{
	if (own) {
		iov_iter_bvec(&to->iter, direction, vecs, n, bytes);
		return;
	}
	n = min(n, PIECES);
	bytes = 0;
	for (unsigned int i = 0; i < n; i++) {
		to->kvecs[i].iov_base = page_address(vecs[i].bv_page) + vecs[i].bv_offset;
		to->kvecs[i].iov_len = vecs[i].bv_len;
		bytes += vecs[i].bv_len;
	}
	iov_iter_kvec(&to->iter, direction, to->kvecs, n, bytes);
}

static ssize_t stream_recv(struct file *file, struct iov_iter *iter)
{
	struct socket *sock = sock_from_file(file);
	struct kiocb iocb;

	if (sock) {
		struct msghdr msg = { .msg_iter = *iter };

		return sock_recvmsg(sock, &msg, MSG_DONTWAIT);
	}
	set_nowait(&iocb, file);
	return vfs_iocb_iter_read(file, &iocb, iter);
}

static ssize_t stream_send(struct file *file, struct iov_iter *iter, unsigned int how)
{
	struct socket *sock = sock_from_file(file);
	struct kiocb iocb;

	if (sock) {
		struct msghdr msg = {
			.msg_iter = *iter,
			.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL,
		};

		if (how & P9RS_MORE)
			msg.msg_flags |= MSG_MORE;
		if (how & P9RS_SPLICE)
			msg.msg_flags |= MSG_SPLICE_PAGES;
		return sock_sendmsg(sock, &msg);
	}
	set_nowait(&iocb, file);
	return vfs_iocb_iter_write(file, &iocb, iter);
}

/*
 * Reads without waiting for the other side; @own: nobody else has the file. Writing pages back may
 * wait for this, so no I/O is started to get memory: not all sockets heed sk_allocation.
 */
ssize_t p9rs_stream_recv(struct file *file, const struct bio_vec *vecs, unsigned int n,
			 size_t bytes, bool own)
{
	unsigned int flags = memalloc_noio_save();
	struct pieces pieces;
	ssize_t ret;

	pieces_init(&pieces, ITER_DEST, vecs, n, bytes, own);
	ret = stream_recv(file, &pieces.iter);
	memalloc_noio_restore(flags);
	return ret;
}

/* Writes without waiting for the other side; see p9rs_stream_recv(). */
ssize_t p9rs_stream_send(struct file *file, const struct bio_vec *vecs, unsigned int n,
			 size_t bytes, unsigned int how)
{
	unsigned int flags = memalloc_noio_save();
	struct pieces pieces;
	ssize_t ret;

	pieces_init(&pieces, ITER_SOURCE, vecs, n, bytes, how & P9RS_OWN);
	ret = stream_send(file, &pieces.iter, how);
	memalloc_noio_restore(flags);
	return ret;
}

#define READABLE	(EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLNVAL)
#define WRITABLE	(EPOLLOUT | EPOLLHUP | EPOLLERR | EPOLLNVAL)

static unsigned int look(struct file *rd, struct file *wr, struct poll_table_struct *pt)
{
	unsigned int ready = 0;

	if (pt)
		pt->_key = READABLE;
	if (vfs_poll(rd, pt) & READABLE)
		ready |= P9RS_READABLE;
	if (!wr)
		return ready;
	if (pt)
		pt->_key = WRITABLE;
	if (vfs_poll(wr, pt) & WRITABLE)
		ready |= P9RS_WRITABLE;
	return ready;
}

/*
 * Sleeps until @rd can be read, @wr, if there is one, can be written, *@woken is not 0, of which a
 * wake-up of @wq tells, or there is a signal. Tells what can be done. Enters the files' wait queues
 * anew for each sleep, like poll(2): no file has to keep them longer.
 */
unsigned int p9rs_stream_wait(struct file *rd, struct file *wr, struct wait_queue_head *wq,
			      const u32 *woken, bool pause)
{
	struct poll_wqueues table;
	unsigned int ready;

	/* A file that says it is ready and then is not shall not keep a processor busy. */
	if (pause)
		schedule_timeout_interruptible(1);
	ready = look(rd, wr, NULL);
	if (ready || READ_ONCE(*woken))
		return ready;

	poll_initwait(&table);
	poll_wait(rd, wq, &table.pt);
	ready = look(rd, wr, &table.pt);
	set_current_state(TASK_INTERRUPTIBLE);
	if (!ready && !table.triggered && !READ_ONCE(*woken) && !signal_pending(current)) {
		/* Without memory for the queues' entries nobody may wake us. */
		if (table.error)
			schedule_timeout(1);
		else
			schedule();
	}
	__set_current_state(TASK_RUNNING);
	poll_freewait(&table);
	return look(rd, wr, NULL);
}

/* ---- Pieces of memory ---- */

/* Only memory whose pages are neighbours has a page to begin with. */
bool p9rs_bvec_set_buf(struct bio_vec *vec, void *buf, unsigned int len)
{
	if (!virt_addr_valid(buf))
		return false;
	bvec_set_virt(vec, buf, len);
	return true;
}

void p9rs_bvec_set_sg(struct bio_vec *vec, struct scatterlist *sg, unsigned int skip,
		      unsigned int len)
{
	unsigned long at = (unsigned long)sg->offset + skip;

	bvec_set_page(vec, pfn_to_page(page_to_pfn(sg_page(sg)) + (at >> PAGE_SHIFT)), len,
		      offset_in_page(at));
}

/* ---- Threads ---- */

/*
 * A thread that does not run yet. It keeps the module loaded, and ends with p9rs_thread_exit().
 * The caller gets a reference.
 */
struct task_struct *p9rs_thread_create(int (*main)(void *), void *data, const char *name)
{
	struct task_struct *task = kthread_create(main, data, "%s", name);

	if (!IS_ERR(task)) {
		__module_get(THIS_MODULE);
		get_task_struct(task);
	}
	return task;
}

/*
 * What each thread does first. It may be what lets memory become free, so it starts no I/O to get
 * some. Kernel code may end its sleeps by SIGKILL, nobody else.
 */
void p9rs_thread_begin(void)
{
	memalloc_noio_save();
	allow_kernel_signal(SIGKILL);
}

/* Does not return, but is not marked so: objtool knows functions like it by name only. */
int p9rs_thread_exit(void)
{
	module_put_and_kthread_exit(0);
}

void p9rs_thread_signal(struct task_struct *task)
{
	send_sig(SIGKILL, task, 1);
}

void p9rs_thread_put(struct task_struct *task)
{
	put_task_struct(task);
}
