// SPDX-License-Identifier: GPL-2.0
/*
 * The module parameters. A bad value is refused, at load time and later, with a line in the log
 * that names the good ones. Rust reads them in rust/sys/params.rs.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

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
