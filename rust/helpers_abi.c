// SPDX-License-Identifier: GPL-2.0
/* C for Rust: see helpers_abi.h. */

#include <linux/cred.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/string.h>
#include <net/9p/9p.h>
#include <net/9p/client.h>

#include "helpers_abi.h"

/* Makes *clnt what transports written in C expect of a new client. */
void p9rs_client_init(struct p9_client *clnt)
{
	memset(clnt, 0, sizeof(*clnt));
	spin_lock_init(&clnt->lock);
	idr_init(&clnt->fids);
	idr_init(&clnt->reqs);
	clnt->status = Connected;
	strscpy(clnt->name, utsname()->nodename);
}

/* Makes *req what transports written in C expect of a new request, with one reference. */
void p9rs_req_init(struct p9_req_t *req)
{
	memset(req, 0, sizeof(*req));
	req->status = REQ_STATUS_ALLOC;
	refcount_set(&req->refcount, 1);
	init_waitqueue_head(&req->wq);
	INIT_LIST_HEAD(&req->req_list);
}

kuid_t p9rs_current_fsuid(void)
{
	return current_fsuid();
}

bool p9rs_try_module_get(struct module *module)
{
	return try_module_get(module);
}

void p9rs_module_put(struct module *module)
{
	module_put(module);
}

/* Loads the module that offers the transport, if there is one. */
void p9rs_request_trans_module(const char *name)
{
	request_module("9p-%s", name);
}

/* A copy with a NUL behind it, to be freed with kfree(). */
void *p9rs_kmemdup_nul(const void *data, size_t len)
{
	return kmemdup_nul(data, len, GFP_KERNEL);
}
