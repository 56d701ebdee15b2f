// SPDX-License-Identifier: GPL-2.0
/*
 * For the selftests: the 9P transport "hollow", which is the kernel's "unix" without what a transport
 * may lack (cancel and cancelled), and with what some have: it waits as long as it likes, lets a
 * signal end that, and runs out of memory.
 */

#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>
#include <net/9p/9p.h>
#include <net/9p/client.h>
#include <net/9p/transport.h>

static DECLARE_WAIT_QUEUE_HEAD(released);

static bool stall;
static atomic_t stalled = ATOMIC_INIT(0);
static atomic_t nomem = ATOMIC_INIT(0);

static int stall_set(const char *val, const struct kernel_param *kp)
{
	int err = param_set_bool(val, kp);

	wake_up_all(&released);
	return err;
}

static const struct kernel_param_ops stall_ops = {
	.set = stall_set,
	.get = param_get_bool,
};

module_param_cb(stall, &stall_ops, &stall, 0644);
MODULE_PARM_DESC(stall, "Y: no request is sent, and who sends one waits");

static int count_set(const char *val, const struct kernel_param *kp)
{
	int count, err = kstrtoint(val, 0, &count);

	if (!err)
		atomic_set(kp->arg, count);
	return err;
}

static int count_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", atomic_read(kp->arg));
}

static const struct kernel_param_ops count_ops = {
	.set = count_set,
	.get = count_get,
};

module_param_cb(nomem, &count_ops, &nomem, 0644);
MODULE_PARM_DESC(nomem, "How many requests find no memory from now on");
module_param_cb(stalled, &count_ops, &stalled, 0444);
MODULE_PARM_DESC(stalled, "How many wait to send a request");

static struct p9_trans_module *inner;

static int hollow_create(struct p9_client *client, struct fs_context *fc)
{
	return inner->create(client, fc);
}

static void hollow_close(struct p9_client *client)
{
	inner->close(client);
}

static int hollow_request(struct p9_client *client, struct p9_req_t *req)
{
	if (signal_pending(current))
		return -ERESTARTSYS;

	if (READ_ONCE(stall)) {
		atomic_inc(&stalled);
		wait_event(released, !READ_ONCE(stall));
		atomic_dec(&stalled);
	}
	if (atomic_dec_if_positive(&nomem) >= 0)
		return -ENOMEM;

	return inner->request(client, req);
}

static struct p9_trans_module hollow = {
	.name = "hollow",
	.maxsize = 65536,
	.create = hollow_create,
	.close = hollow_close,
	.request = hollow_request,
	.owner = THIS_MODULE,
};

static int __init hollow_init(void)
{
	inner = v9fs_get_trans_by_name("unix");
	if (!inner)
		return -ENODEV;

	if (!inner->request) {
		v9fs_put_trans(inner);
		return -ENODEV;
	}
	hollow.supports_vmalloc = inner->supports_vmalloc;
	v9fs_register_trans(&hollow);
	return 0;
}

static void __exit hollow_exit(void)
{
	v9fs_unregister_trans(&hollow);
	v9fs_put_trans(inner);
}

module_init(hollow_init);
module_exit(hollow_exit);

MODULE_DESCRIPTION("A 9P transport that lacks what it may lack, for tests");
MODULE_LICENSE("GPL");
