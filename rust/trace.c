// SPDX-License-Identifier: GPL-2.0
/*
 * The four tracepoints of 9P, with the names, fields and formats that the kernel's header gives
 * them. A static branch skips each while nobody listens.
 */

#include <linux/fs_context.h>
#include <linux/string.h>
#include <linux/uidgid.h>
#include <net/9p/9p.h>
#include <net/9p/client.h>

#include "helpers.h"

#define CREATE_TRACE_POINTS
#include <trace/events/9p.h>

/* p9_fid_get() and p9_fid_put() are inline in other modules: they test the tracepoint themselves. */
EXPORT_TRACEPOINT_SYMBOL(9p_fid_ref);

void do_trace_9p_fid_get(struct p9_fid *fid)
{
	trace_9p_fid_ref(fid, P9_FID_REF_GET);
}
EXPORT_SYMBOL(do_trace_9p_fid_get);

void do_trace_9p_fid_put(struct p9_fid *fid)
{
	trace_9p_fid_ref(fid, P9_FID_REF_PUT);
}
EXPORT_SYMBOL(do_trace_9p_fid_put);

void p9rs_trace_client_req(struct p9_client *clnt, u8 type, u16 tag)
{
	trace_9p_client_req(clnt, type, tag);
}

void p9rs_trace_client_res(struct p9_client *clnt, u8 type, u16 tag, int err)
{
	trace_9p_client_res(clnt, type, tag, err);
}

/* The event copies P9_PROTO_DUMP_SZ bytes whatever the frame has: a short one is padded here. */
static noinline void protocol_dump(struct p9_client *clnt, u8 type, u16 tag, const void *frame,
				   size_t len)
{
	u8 head[P9_PROTO_DUMP_SZ] = {};
	struct p9_fcall pdu = {
		.size = len,
		.id = type,
		.tag = tag,
		.capacity = sizeof(head),
		.sdata = head,
	};

	memcpy(head, frame, min(len, sizeof(head)));
	trace_9p_protocol_dump(clnt, &pdu);
}

void p9rs_trace_protocol_dump(struct p9_client *clnt, u8 type, u16 tag, const void *frame,
			      size_t len)
{
	if (trace_9p_protocol_dump_enabled())
		protocol_dump(clnt, type, tag, frame, len);
}

void p9rs_trace_fid_create(struct p9_fid *fid)
{
	trace_9p_fid_ref(fid, P9_FID_REF_CREATE);
}

void p9rs_trace_fid_destroy(struct p9_fid *fid)
{
	trace_9p_fid_ref(fid, P9_FID_REF_DESTROY);
}
