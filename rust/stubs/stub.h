/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A module that is installed over the stock module of its name, whose transports are in 9pnet. It does
 * nothing but need 9pnet: whoever asks for the stock module by its name gets that, and the stock
 * module's aliases, which would load it beside ours, are gone.
 */

#include <linux/module.h>
#include <net/9p/9p.h>
#include <net/9p/client.h>
#include <net/9p/transport.h>

static int __init stub_init(void)
{
	/* Without effect; what counts is that the symbol is 9pnet's. */
	v9fs_put_trans(NULL);
	return 0;
}

static void __exit stub_exit(void)
{
}

module_init(stub_init);
module_exit(stub_exit);

MODULE_DESCRIPTION("Stands in for the stock module: its transports are in 9pnet");
MODULE_LICENSE("GPL");
