/* SPDX-License-Identifier: GPL-2.0 */
/*
 * C for Rust: the inline functions and macros of virtio, scatterlists, pages and iterators. Every
 * name begins with p9rs_. The Rust side is in rust/sys/.
 */
#ifndef P9RS_HELPERS_VIRTIO_H
#define P9RS_HELPERS_VIRTIO_H

#include <linux/types.h>

struct device;
struct iov_iter;
struct page;
struct scatterlist;
struct virtio_device;
struct virtqueue;

/* The virtio bus and its devices */
bool p9rs_virtio_has_config(const struct virtio_device *vdev);
bool p9rs_virtio_has_feature(const struct virtio_device *vdev, unsigned int bit);
size_t p9rs_virtio_config_size(const struct virtio_device *vdev);

u16 p9rs_virtio_9p_tag_len(struct virtio_device *vdev);
void p9rs_virtio_9p_tag(struct virtio_device *vdev, u8 *tag, size_t len);
int p9rs_virtio_show_tag(struct virtio_device *vdev, const char *tag);
void p9rs_virtio_hide_tag(struct virtio_device *vdev);
void p9rs_virtio_changed(struct virtio_device *vdev);
void p9rs_virtio_ready(struct virtio_device *vdev);
void p9rs_virtio_del_vqs(struct virtio_device *vdev);
void p9rs_device_lock(struct device *dev);
void p9rs_device_unlock(struct device *dev);

/* Rings */
struct virtqueue *p9rs_virtio_find_vq(struct virtio_device *vdev,
				      void (*used)(struct virtqueue *vq));
int p9rs_virtqueue_add(struct virtqueue *vq, const void *tcall, unsigned int tlen,
		       struct scatterlist *out, void *rcall, unsigned int rlen,
		       struct scatterlist *in, void *token);

/* Scatterlists */
void p9rs_sg_set_page(struct scatterlist *sg, struct page *page, unsigned int off,
		      unsigned int len);
void p9rs_sg_set_buf(struct scatterlist *sg, const void *buf, unsigned int len);
void p9rs_sg_mark_end(struct scatterlist *sg);
bool p9rs_sg_join(struct scatterlist *sg, struct page *page, unsigned int len, unsigned int max);
void *p9rs_sg_virt(struct scatterlist *sg);
unsigned int p9rs_sg_len(const struct scatterlist *sg);
void p9rs_sg_put_pages(struct scatterlist *sg);

/* Pages */
bool p9rs_page_lend(struct page *page);
void p9rs_page_return(struct page *page);
void *p9rs_chunk_alloc(unsigned int order);
void p9rs_chunk_free(void *chunk, unsigned int order);

/* Iterators */
unsigned int p9rs_iov_kind(const struct iov_iter *iter);
size_t p9rs_iov_count(const struct iov_iter *iter);
void p9rs_iov_truncate(struct iov_iter *iter, size_t max);

#endif /* P9RS_HELPERS_VIRTIO_H */
