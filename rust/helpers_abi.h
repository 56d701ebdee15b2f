/* SPDX-License-Identifier: GPL-2.0 */
/*
 * C for Rust: what the functions for the file system need. Every name begins with p9rs_. The Rust
 * side is in rust/abi/.
 */
#ifndef P9RS_HELPERS_ABI_H
#define P9RS_HELPERS_ABI_H

#include <linux/types.h>
#include <linux/uidgid_types.h>

struct module;
struct p9_client;
struct p9_req_t;

void p9rs_client_init(struct p9_client *clnt);
void p9rs_req_init(struct p9_req_t *req);
kuid_t p9rs_current_fsuid(void);
bool p9rs_try_module_get(struct module *module);
void p9rs_module_put(struct module *module);
void p9rs_request_trans_module(const char *name);
void *p9rs_kmemdup_nul(const void *data, size_t len);

#endif /* P9RS_HELPERS_ABI_H */
