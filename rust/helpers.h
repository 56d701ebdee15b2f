/* SPDX-License-Identifier: GPL-2.0 */
/*
 * C for Rust: what exists only as a macro or an inline function, and what must be C (tracepoints,
 * module parameters). Every name begins with p9rs_. The Rust side is in rust/sys/.
 */
#ifndef P9RS_HELPERS_H
#define P9RS_HELPERS_H

#include <linux/types.h>

struct ida;
struct p9_client;
struct p9_fid;
struct page;
struct rcuwait;

/* helpers.c: the running task */
u64 p9rs_task_id(void);
bool p9rs_fatal_signal_pending(void);
bool p9rs_signal_pending(void);
bool p9rs_task_work_pending(void);
bool p9rs_exiting(void);
bool p9rs_is_kernel_thread(void);
unsigned int p9rs_memalloc_nofs_save(void);
void p9rs_memalloc_nofs_restore(unsigned int flags);

/* helpers.c: other */
bool p9rs_rcuwait_prepare(struct rcuwait *w, int state);
void p9rs_rcuwait_finish(struct rcuwait *w);
void p9rs_rcuwait_wake(struct rcuwait *w);
void p9rs_ida_init(struct ida *ida);

/* trace.c */
void p9rs_trace_client_req(struct p9_client *clnt, u8 type, u16 tag);
void p9rs_trace_client_res(struct p9_client *clnt, u8 type, u16 tag, int err);
void p9rs_trace_protocol_dump(struct p9_client *clnt, u8 type, u16 tag, const void *frame,
			      size_t len);
void p9rs_trace_fid_create(struct p9_fid *fid);
void p9rs_trace_fid_destroy(struct p9_fid *fid);

/* params.c */
enum p9rs_async_clunk {
	P9RS_ASYNC_CLUNK_NEVER,
	P9RS_ASYNC_CLUNK_SAFE,
	P9RS_ASYNC_CLUNK_ALWAYS,
};

/* Our own transports. */
enum p9rs_transport {
	P9RS_TRANSPORT_VIRTIO,
	P9RS_TRANSPORT_TCP,
	P9RS_TRANSPORT_UNIX,
	P9RS_TRANSPORT_FD,
	P9RS_TRANSPORT_VSOCK,
	P9RS_TRANSPORTS,
};

bool p9rs_param_transport(enum p9rs_transport transport);
bool p9rs_param_intr(void);
enum p9rs_async_clunk p9rs_param_async_clunk(void);
unsigned int p9rs_param_exit_timeout(void);

/* Written in Rust, called by other modules, declared in no header of the kernel. */
void p9_release_pages(struct page **pages, int nr_pages);

#endif /* P9RS_HELPERS_H */
