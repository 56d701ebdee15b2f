// SPDX-License-Identifier: GPL-2.0
/*
 * What 9pnet.ko offers to other modules: the functions of rust/abi/, under the names, types and
 * licences of the kernel's own net/9p. EXPORT_SYMBOL is C only; the prototypes come from the
 * kernel's headers, and the macro p9_export! holds the Rust side to the same ones. trace.c
 * exports the tracepoint.
 */

#include <linux/export.h>
#include <linux/fs_context.h>
#include <linux/module.h>
#include <net/9p/9p.h>
#include <net/9p/client.h>
#include <net/9p/transport.h>

#include "helpers.h"

EXPORT_SYMBOL(p9_client_attach);
EXPORT_SYMBOL(p9_client_begin_disconnect);
EXPORT_SYMBOL(p9_client_cb);
EXPORT_SYMBOL(p9_client_clunk);
EXPORT_SYMBOL(p9_client_create);
EXPORT_SYMBOL(p9_client_create_dotl);
EXPORT_SYMBOL(p9_client_destroy);
EXPORT_SYMBOL(p9_client_disconnect);
EXPORT_SYMBOL(p9_client_fcreate);
EXPORT_SYMBOL(p9_client_fsync);
EXPORT_SYMBOL(p9_client_getattr_dotl);
EXPORT_SYMBOL(p9_client_getlock_dotl);
EXPORT_SYMBOL(p9_client_link);
EXPORT_SYMBOL(p9_client_lock_dotl);
EXPORT_SYMBOL(p9_client_mkdir_dotl);
EXPORT_SYMBOL(p9_client_mknod_dotl);
EXPORT_SYMBOL(p9_client_open);
EXPORT_SYMBOL(p9_client_read);
EXPORT_SYMBOL(p9_client_read_once);
EXPORT_SYMBOL(p9_client_readdir);
EXPORT_SYMBOL(p9_client_readlink);
EXPORT_SYMBOL(p9_client_remove);
EXPORT_SYMBOL(p9_client_rename);
EXPORT_SYMBOL(p9_client_renameat);
EXPORT_SYMBOL(p9_client_setattr);
EXPORT_SYMBOL(p9_client_stat);
EXPORT_SYMBOL(p9_client_statfs);
EXPORT_SYMBOL(p9_client_symlink);
EXPORT_SYMBOL(p9_client_unlinkat);
EXPORT_SYMBOL(p9_client_walk);
EXPORT_SYMBOL(p9_client_write);
EXPORT_SYMBOL(p9_client_write_subreq);
EXPORT_SYMBOL(p9_client_wstat);
EXPORT_SYMBOL_GPL(p9_client_xattrcreate);
EXPORT_SYMBOL_GPL(p9_client_xattrwalk);
EXPORT_SYMBOL(p9_error_init);
EXPORT_SYMBOL(p9_errstr2errno);
EXPORT_SYMBOL(p9_fcall_fini);
EXPORT_SYMBOL(p9_is_proto_dotl);
EXPORT_SYMBOL(p9_is_proto_dotu);
EXPORT_SYMBOL(p9_parse_header);
EXPORT_SYMBOL(p9_release_pages);
EXPORT_SYMBOL(p9_req_put);
EXPORT_SYMBOL(p9_show_client_options);
EXPORT_SYMBOL(p9_tag_lookup);
EXPORT_SYMBOL(p9dirent_read);
EXPORT_SYMBOL(p9stat_free);
EXPORT_SYMBOL(p9stat_read);
EXPORT_SYMBOL(v9fs_get_default_trans);
EXPORT_SYMBOL(v9fs_get_trans_by_name);
EXPORT_SYMBOL(v9fs_put_trans);
EXPORT_SYMBOL(v9fs_register_trans);
EXPORT_SYMBOL(v9fs_unregister_trans);
