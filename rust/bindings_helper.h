/* SPDX-License-Identifier: GPL-2.0 */
/* The headers that bindgen reads; Kbuild says which of their names become bindings. */

#include <linux/hrtimer_types.h>

#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/inet.h>
#include <linux/net.h>
#include <linux/netfs.h>
#include <linux/scatterlist.h>
#include <linux/uio.h>
#include <linux/un.h>
#include <linux/virtio.h>
#include <linux/virtio_9p.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <linux/vm_sockets.h>
#include <net/9p/9p.h>
#include <net/9p/client.h>
#include <net/9p/transport.h>

#include "helpers.h"
#include "helpers_abi.h"
#include "helpers_stream.h"
#include "helpers_virtio.h"
