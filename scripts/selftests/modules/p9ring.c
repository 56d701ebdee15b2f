// SPDX-License-Identifier: GPL-2.0
/*
 * For the selftests: while this is loaded, a driver of a virtio device over PCI finds that its rings have
 * no more than SIZE entries. A driver may use fewer than a device offers; Linux always takes all, and
 * QEMU offers 1024 whatever it is told. So it is the answer to the driver that is changed.
 */

#include <linux/kprobes.h>
#include <linux/module.h>

static ushort size = 8;
module_param(size, ushort, 0444);
MODULE_PARM_DESC(size, "Entries of a ring, a power of two");

static int found(struct kretprobe_instance *call, struct pt_regs *regs)
{
	/* A queue of no entries is one that there is not. */
	if (regs_return_value(regs) > size)
		regs_set_return_value(regs, size);
	return 0;
}

static struct kretprobe asked = {
	.handler = found,
	.kp.symbol_name = "vp_modern_get_queue_size",
};

static int __init ring_init(void)
{
	return register_kretprobe(&asked);
}

static void __exit ring_exit(void)
{
	unregister_kretprobe(&asked);
}

module_init(ring_init);
module_exit(ring_exit);

MODULE_DESCRIPTION("Small rings for virtio devices, for tests");
MODULE_LICENSE("GPL");
