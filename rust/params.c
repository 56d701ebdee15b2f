// SPDX-License-Identifier: GPL-2.0
/*
 * The module parameters. A bad value is refused, at load time and later, with a line in the log
 * that names the good ones. Rust reads them in rust/sys/params.rs.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/kstrtox.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "helpers.h"

/* Seconds. An hour is for ever to someone who waits for a dying task. */
#define EXIT_TIMEOUT_DEFAULT	5
#define EXIT_TIMEOUT_MAX	3600

/* Written under the kernel's parameter lock, read without: one access each way. */
static bool intr;
static enum p9rs_async_clunk async_clunk = P9RS_ASYNC_CLUNK_SAFE;
static unsigned int exit_timeout = EXIT_TIMEOUT_DEFAULT;

/* Bits by enum p9rs_transport. Only written before the module's own code runs. */
static unsigned long transports = BIT(P9RS_TRANSPORTS) - 1;

static const char *const transport_names[] = {
	[P9RS_TRANSPORT_VIRTIO] = "virtio",
	[P9RS_TRANSPORT_TCP] = "tcp",
	[P9RS_TRANSPORT_UNIX] = "unix",
	[P9RS_TRANSPORT_FD] = "fd",
	[P9RS_TRANSPORT_VSOCK] = "vsock",
};
static_assert(ARRAY_SIZE(transport_names) == P9RS_TRANSPORTS);

#define TRANSPORT_NAMES "virtio, tcp, unix, fd, vsock"

static const char *const async_clunk_names[] = {
	[P9RS_ASYNC_CLUNK_NEVER] = "never",
	[P9RS_ASYNC_CLUNK_SAFE] = "safe",
	[P9RS_ASYNC_CLUNK_ALWAYS] = "always",
};

/* Every value ends in a newline when it comes from sysfs: it is left out of the log. */
#define refuse(val, allowed) \
	pr_err("bad value \"%.*s\" of a parameter: " allowed "\n", (int)strcspn(val, "\n"), val)

static int intr_set(const char *val, const struct kernel_param *kp)
{
	bool on = true;

	/* "intr" alone means yes. */
	if (val && kstrtobool(val, &on)) {
		refuse(val, "intr is a truth value, such as Y or N");
		return -EINVAL;
	}
	WRITE_ONCE(intr, on);
	return 0;
}

static int intr_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%c\n", READ_ONCE(intr) ? 'Y' : 'N');
}

static const struct kernel_param_ops intr_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = intr_set,
	.get = intr_get,
};
module_param_cb(intr, &intr_ops, NULL, 0644);
__MODULE_PARM_TYPE(intr, "bool");
MODULE_PARM_DESC(intr, "Let any signal, not only a fatal one, end the wait for a server (default N)");

static int async_clunk_set(const char *val, const struct kernel_param *kp)
{
	int i = sysfs_match_string(async_clunk_names, val);

	if (i < 0) {
		refuse(val, "async_clunk is never, safe or always");
		return -EINVAL;
	}
	WRITE_ONCE(async_clunk, i);
	return 0;
}

static int async_clunk_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", async_clunk_names[READ_ONCE(async_clunk)]);
}

static const struct kernel_param_ops async_clunk_ops = {
	.set = async_clunk_set,
	.get = async_clunk_get,
};
module_param_cb(async_clunk, &async_clunk_ops, NULL, 0644);
__MODULE_PARM_TYPE(async_clunk, "charp");
MODULE_PARM_DESC(async_clunk,
		 "Give fids back without waiting: never, safe (those that carry no data), always (default safe)");

static int exit_timeout_set(const char *val, const struct kernel_param *kp)
{
	unsigned int seconds;

	if (kstrtouint(val, 0, &seconds) || seconds > EXIT_TIMEOUT_MAX) {
		refuse(val, "exit_timeout is 0 to " __stringify(EXIT_TIMEOUT_MAX) " seconds");
		return -EINVAL;
	}
	WRITE_ONCE(exit_timeout, seconds);
	return 0;
}

static int exit_timeout_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(exit_timeout));
}

static const struct kernel_param_ops exit_timeout_ops = {
	.set = exit_timeout_set,
	.get = exit_timeout_get,
};
module_param_cb(exit_timeout, &exit_timeout_ops, NULL, 0644);
__MODULE_PARM_TYPE(exit_timeout, "uint");
MODULE_PARM_DESC(exit_timeout,
		 "Seconds a dying task waits for a server at most, 0 to 3600 (default 5)");

/* The bit of the @len bytes at @name; 0 if there is no such transport. */
static unsigned long transport_bit(const char *name, size_t len)
{
	for (int i = 0; i < P9RS_TRANSPORTS; i++) {
		if (strlen(transport_names[i]) == len && !memcmp(transport_names[i], name, len))
			return BIT(i);
	}
	return 0;
}

/* An empty list means none. */
static int transports_set(const char *val, const struct kernel_param *kp)
{
	unsigned long bits = 0;

	while (*val) {
		size_t len = strcspn(val, ",");
		unsigned long bit = transport_bit(val, len);

		if (!bit) {
			pr_err("bad value \"%.*s\" of a parameter: transports is a list, with commas, of "
			       TRANSPORT_NAMES "\n", (int)len, val);
			return -EINVAL;
		}
		bits |= bit;
		val += len + (val[len] == ',');
	}
	transports = bits;
	return 0;
}

static int transports_get(char *buf, const struct kernel_param *kp)
{
	int len = 0;

	for (int i = 0; i < P9RS_TRANSPORTS; i++) {
		if (transports & BIT(i))
			len += sysfs_emit_at(buf, len, "%s%s", len ? "," : "", transport_names[i]);
	}
	return len + sysfs_emit_at(buf, len, "\n");
}

static const struct kernel_param_ops transports_ops = {
	.set = transports_set,
	.get = transports_get,
};
module_param_cb(transports, &transports_ops, NULL, 0444);
__MODULE_PARM_TYPE(transports, "charp");
MODULE_PARM_DESC(transports,
		 "Which of its own transports the module offers: a list, with commas, of "
		 TRANSPORT_NAMES " (default all)");

bool p9rs_param_transport(enum p9rs_transport transport)
{
	return transports & BIT(transport);
}

bool p9rs_param_intr(void)
{
	return READ_ONCE(intr);
}

enum p9rs_async_clunk p9rs_param_async_clunk(void)
{
	return READ_ONCE(async_clunk);
}

unsigned int p9rs_param_exit_timeout(void)
{
	return READ_ONCE(exit_timeout);
}
