// SPDX-License-Identifier: GPL-2.0
/*
 * For the selftests: takes a 9P connection over RDMA, one at a time, and hands its messages on to a
 * server for streams: the socket whose descriptor is written to the parameter "server".
 */

#include <linux/in.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/unaligned.h>
#include <linux/workqueue.h>
#include <rdma/ib_verbs.h>
#include <rdma/rdma_cm.h>

/* The longest message, and how many requests may be on their way: twice what the client sends. */
#define MSIZE 65536
#define DEPTH 64

#define PORT 5640

struct message {
	struct ib_cqe cqe;
	void *data;
	u64 addr;
	enum dma_data_direction direction;
};

struct relay {
	struct rdma_cm_id *id;
	struct socket *server;
	struct ib_pd *pd;
	struct ib_cq *cq;
	struct message requests[DEPTH];
	struct message reply;
	struct completion sent;
	struct work_struct replies;
	struct work_struct end;
	unsigned long ending;
};

static struct workqueue_struct *relay_wq;
static struct rdma_cm_id *listener;
static struct socket *server;

static int server_set(const char *val, const struct kernel_param *kp)
{
	struct socket *sock;
	int fd, err = kstrtoint(val, 0, &fd);

	if (err)
		return err;

	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return err;

	sock = xchg(&server, sock);
	if (sock)
		sockfd_put(sock);
	return 0;
}

static const struct kernel_param_ops server_ops = {
	.set = server_set,
};

module_param_cb(server, &server_ops, NULL, 0200);
MODULE_PARM_DESC(server, "The socket for the next connection");

static int message_init(struct relay *relay, struct message *message,
			enum dma_data_direction direction,
			void (*done)(struct ib_cq *cq, struct ib_wc *wc))
{
	struct ib_device *device = relay->id->device;

	message->data = kmalloc(MSIZE, GFP_KERNEL);
	if (!message->data)
		return -ENOMEM;

	message->addr = ib_dma_map_single(device, message->data, MSIZE, direction);
	if (ib_dma_mapping_error(device, message->addr)) {
		kfree(message->data);
		message->data = NULL;
		return -EIO;
	}
	message->direction = direction;
	message->cqe.done = done;
	return 0;
}

static void message_free(struct relay *relay, struct message *message)
{
	if (!message->data)
		return;

	ib_dma_unmap_single(relay->id->device, message->addr, MSIZE, message->direction);
	kfree(message->data);
}

static int post_request(struct relay *relay, struct message *message)
{
	struct ib_sge sge = {
		.addr = message->addr,
		.length = MSIZE,
		.lkey = relay->pd->local_dma_lkey,
	};
	struct ib_recv_wr wr = {
		.wr_cqe = &message->cqe,
		.sg_list = &sge,
		.num_sge = 1,
	};

	return ib_post_recv(relay->id->qp, &wr, NULL);
}

static void request_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct relay *relay = cq->cq_context;
	struct message *message = container_of(wc->wr_cqe, struct message, cqe);
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };
	struct kvec vec = { message->data, wc->byte_len };

	if (wc->status != IB_WC_SUCCESS)
		return;

	ib_dma_sync_single_for_cpu(relay->id->device, message->addr, MSIZE, DMA_FROM_DEVICE);
	if (kernel_sendmsg(relay->server, &msg, &vec, 1, vec.iov_len) < 0) {
		rdma_disconnect(relay->id);
		return;
	}
	ib_dma_sync_single_for_device(relay->id->device, message->addr, MSIZE, DMA_FROM_DEVICE);
	post_request(relay, message);
}

static void reply_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct relay *relay = cq->cq_context;

	complete(&relay->sent);
}

static int send_reply(struct relay *relay, u32 size)
{
	struct message *message = &relay->reply;
	struct ib_sge sge = {
		.addr = message->addr,
		.length = size,
		.lkey = relay->pd->local_dma_lkey,
	};
	struct ib_send_wr wr = {
		.wr_cqe = &message->cqe,
		.sg_list = &sge,
		.num_sge = 1,
		.opcode = IB_WR_SEND,
		.send_flags = IB_SEND_SIGNALED,
	};
	int err;

	ib_dma_sync_single_for_device(relay->id->device, message->addr, MSIZE, DMA_TO_DEVICE);
	err = ib_post_send(relay->id->qp, &wr, NULL);
	if (err)
		return err;

	wait_for_completion(&relay->sent);
	ib_dma_sync_single_for_cpu(relay->id->device, message->addr, MSIZE, DMA_TO_DEVICE);
	return 0;
}

/* Reads all of @size bytes. */
static bool read_all(struct relay *relay, void *data, size_t size)
{
	struct msghdr msg = {};
	struct kvec vec = { data, size };

	return kernel_recvmsg(relay->server, &msg, &vec, 1, size, MSG_WAITALL) == size;
}

static void relay_replies(struct work_struct *work)
{
	struct relay *relay = container_of(work, struct relay, replies);
	u8 *data = relay->reply.data;

	while (read_all(relay, data, 4)) {
		u32 size = get_unaligned_le32(data);

		if (size < 7 || size > MSIZE || !read_all(relay, data + 4, size - 4) ||
		    send_reply(relay, size))
			break;
	}
	rdma_disconnect(relay->id);
}

/* Frees all but the connection itself, of which nothing is on its way any more. */
static void relay_free(struct relay *relay)
{
	int i;

	if (relay->id->qp)
		rdma_destroy_qp(relay->id);
	for (i = 0; i < DEPTH; i++)
		message_free(relay, &relay->requests[i]);
	message_free(relay, &relay->reply);
	if (!IS_ERR_OR_NULL(relay->cq))
		ib_free_cq(relay->cq);
	if (!IS_ERR_OR_NULL(relay->pd))
		ib_dealloc_pd(relay->pd);
	sockfd_put(relay->server);
	kfree(relay);
}

static void relay_end(struct work_struct *work)
{
	struct relay *relay = container_of(work, struct relay, end);
	struct rdma_cm_id *id = relay->id;

	rdma_disconnect(id);
	kernel_sock_shutdown(relay->server, SHUT_RDWR);
	ib_drain_qp(id->qp);
	flush_work(&relay->replies);
	relay_free(relay);
	rdma_destroy_id(id);
	module_put(THIS_MODULE);
}

static int relay_set_up(struct relay *relay)
{
	struct rdma_cm_id *id = relay->id;
	struct ib_qp_init_attr attr = {
		.cap = {
			/* And one more each, which ends the queue. */
			.max_send_wr = 2,
			.max_recv_wr = DEPTH + 1,
			.max_send_sge = 1,
			.max_recv_sge = 1,
		},
		.sq_sig_type = IB_SIGNAL_REQ_WR,
		.qp_type = IB_QPT_RC,
	};
	int i, err;

	relay->pd = ib_alloc_pd(id->device, 0);
	if (IS_ERR(relay->pd))
		return PTR_ERR(relay->pd);

	/* Who sends on the server's socket may sleep. */
	relay->cq = ib_alloc_cq_any(id->device, relay, DEPTH + 3, IB_POLL_WORKQUEUE);
	if (IS_ERR(relay->cq))
		return PTR_ERR(relay->cq);

	attr.send_cq = relay->cq;
	attr.recv_cq = relay->cq;
	err = rdma_create_qp(id, relay->pd, &attr);
	if (err)
		return err;

	err = message_init(relay, &relay->reply, DMA_TO_DEVICE, reply_done);
	if (err)
		return err;

	for (i = 0; i < DEPTH; i++) {
		err = message_init(relay, &relay->requests[i], DMA_FROM_DEVICE, request_done);
		if (!err)
			err = post_request(relay, &relay->requests[i]);
		if (err)
			return err;
	}
	return 0;
}

/* If it fails, the caller refuses the connection. */
static int relay_begin(struct rdma_cm_id *id)
{
	struct rdma_conn_param param = { .rnr_retry_count = 7 };
	struct relay *relay;
	int err;

	relay = kzalloc(sizeof(*relay), GFP_KERNEL);
	if (!relay)
		return -ENOMEM;

	relay->server = xchg(&server, NULL);
	if (!relay->server) {
		kfree(relay);
		return -ENOTCONN;
	}
	relay->id = id;
	init_completion(&relay->sent);
	INIT_WORK(&relay->replies, relay_replies);
	INIT_WORK(&relay->end, relay_end);
	err = relay_set_up(relay);
	if (!err) {
		id->context = relay;
		err = rdma_accept(id, &param);
	}
	if (err) {
		id->context = NULL;
		relay_free(relay);
		return err;
	}
	__module_get(THIS_MODULE);
	queue_work(relay_wq, &relay->replies);
	return 0;
}

static int relay_event(struct rdma_cm_id *id, struct rdma_cm_event *event)
{
	struct relay *relay = id->context;

	switch (event->event) {
	case RDMA_CM_EVENT_CONNECT_REQUEST:
		return relay_begin(id);
	case RDMA_CM_EVENT_ESTABLISHED:
	case RDMA_CM_EVENT_TIMEWAIT_EXIT:
		return 0;
	default:
		if (relay && !test_and_set_bit(0, &relay->ending))
			queue_work(relay_wq, &relay->end);
		return 0;
	}
}

static int __init relay_init(void)
{
	struct sockaddr_in any = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
	};
	int err;

	relay_wq = alloc_workqueue("p9rdma", WQ_UNBOUND, 0);
	if (!relay_wq)
		return -ENOMEM;

	listener = rdma_create_id(&init_net, relay_event, NULL, RDMA_PS_TCP, IB_QPT_RC);
	if (IS_ERR(listener)) {
		err = PTR_ERR(listener);
		goto no_listener;
	}
	err = rdma_bind_addr(listener, (struct sockaddr *)&any);
	if (!err)
		err = rdma_listen(listener, 1);
	if (!err)
		return 0;

	rdma_destroy_id(listener);
no_listener:
	destroy_workqueue(relay_wq);
	return err;
}

static void __exit relay_exit(void)
{
	rdma_destroy_id(listener);
	destroy_workqueue(relay_wq);
	if (server)
		sockfd_put(server);
}

module_init(relay_init);
module_exit(relay_exit);

MODULE_DESCRIPTION("A 9P server for RDMA, for tests");
MODULE_LICENSE("GPL");
