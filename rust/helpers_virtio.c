// SPDX-License-Identifier: GPL-2.0

#include <linux/device.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/uio.h>
#include <linux/virtio.h>
#include <linux/virtio_9p.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#include "helpers_virtio.h"

/* ---- The virtio bus and its devices ---- */

bool p9rs_virtio_has_config(const struct virtio_device *vdev)
{
	return vdev->config->get;
}

bool p9rs_virtio_has_feature(const struct virtio_device *vdev, unsigned int bit)
{
	return virtio_has_feature(vdev, bit);
}

/* What each transport of virtio has at least. Some neither know how much there is nor check. */
#define CONFIG_SIZE	0x100

/*
 * How much configuration @vdev has at least. Virtio over PCI does not survive a driver that reads
 * beyond what the device's capability says, and has no way to ask.
 */
size_t p9rs_virtio_config_size(const struct virtio_device *vdev)
{
	struct device *parent = vdev->dev.parent;
	size_t size = PAGE_SIZE;
	struct pci_dev *pci;
	u32 length;
	u8 type;
	u8 at;

	if (!parent || !dev_is_pci(parent))
		return CONFIG_SIZE;

	pci = to_pci_dev(parent);
	for (at = pci_find_capability(pci, PCI_CAP_ID_VNDR); at;
	     at = pci_find_next_capability(pci, at, PCI_CAP_ID_VNDR)) {
		pci_read_config_byte(pci, at + VIRTIO_PCI_CAP_CFG_TYPE, &type);
		if (type != VIRTIO_PCI_CAP_DEVICE_CFG)
			continue;
		pci_read_config_dword(pci, at + VIRTIO_PCI_CAP_LENGTH, &length);
		size = min_t(size_t, size, length);
	}
	return size;
}

u16 p9rs_virtio_9p_tag_len(struct virtio_device *vdev)
{
	u16 len;

	virtio_cread(vdev, struct virtio_9p_config, tag_len, &len);
	return len;
}

void p9rs_virtio_9p_tag(struct virtio_device *vdev, u8 *tag, size_t len)
{
	virtio_cread_bytes(vdev, offsetof(struct virtio_9p_config, tag), tag, len);
}

/* The tag with its NUL: programs read the file as a C string. */
static ssize_t mount_tag_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const char *tag = dev_to_virtio(dev)->priv;
	size_t size = strlen(tag) + 1;

	memcpy(buf, tag, size);
	return size;
}

static DEVICE_ATTR_RO(mount_tag);

int p9rs_virtio_show_tag(struct virtio_device *vdev, const char *tag)
{
	vdev->priv = (void *)tag;
	return device_create_file(&vdev->dev, &dev_attr_mount_tag);
}

void p9rs_virtio_hide_tag(struct virtio_device *vdev)
{
	/* Waits for readers. */
	device_remove_file(&vdev->dev, &dev_attr_mount_tag);
	vdev->priv = NULL;
}

void p9rs_virtio_changed(struct virtio_device *vdev)
{
	kobject_uevent(&vdev->dev.kobj, KOBJ_CHANGE);
}

void p9rs_virtio_ready(struct virtio_device *vdev)
{
	virtio_device_ready(vdev);
}

void p9rs_virtio_del_vqs(struct virtio_device *vdev)
{
	vdev->config->del_vqs(vdev);
}

void p9rs_device_lock(struct device *dev)
{
	device_lock(dev);
}

void p9rs_device_unlock(struct device *dev)
{
	device_unlock(dev);
}

/* ---- Rings ---- */

struct virtqueue *p9rs_virtio_find_vq(struct virtio_device *vdev,
				      void (*used)(struct virtqueue *vq))
{
	return virtio_find_single_vq(vdev, used, "requests");
}

/*
 * A request in the order that the device sees: the T-message, what the server reads, room for the
 * R-message, what the server writes. @out and @in may be NULL.
 */
int p9rs_virtqueue_add(struct virtqueue *vq, const void *tcall, unsigned int tlen,
		       struct scatterlist *out, void *rcall, unsigned int rlen,
		       struct scatterlist *in, void *token)
{
	struct scatterlist tc = {}, rc = {}, *sgs[4];
	unsigned int outs = 0, ins = 0;

	/* What sg_init_one() does, which is not inline. */
	sg_set_buf(&tc, tcall, tlen);
	sg_mark_end(&tc);
	sgs[outs++] = &tc;
	if (out)
		sgs[outs++] = out;
	sg_set_buf(&rc, rcall, rlen);
	sg_mark_end(&rc);
	sgs[outs + ins++] = &rc;
	if (in)
		sgs[outs + ins++] = in;

	return virtqueue_add_sgs(vq, sgs, outs, ins, token, GFP_ATOMIC | __GFP_NOWARN);
}

/* ---- Scatterlists ---- */

/* @sg is zero: sg_init_table() would clear it again, for each page of a large write. */
void p9rs_sg_set_page(struct scatterlist *sg, struct page *page, unsigned int off,
		      unsigned int len)
{
	sg_set_page(sg, page, len, off);
}

void p9rs_sg_set_buf(struct scatterlist *sg, const void *buf, unsigned int len)
{
	sg_set_buf(sg, buf, len);
}

void p9rs_sg_mark_end(struct scatterlist *sg)
{
	sg_mark_end(sg);
}

/* Adds the first @len bytes of @page to @sg if they follow its last byte in memory. */
bool p9rs_sg_join(struct scatterlist *sg, struct page *page, unsigned int len, unsigned int max)
{
	if (len > max - sg->length || sg_phys(sg) + sg->length != page_to_phys(page))
		return false;

	sg->length += len;
	return true;
}

void *p9rs_sg_virt(struct scatterlist *sg)
{
	return sg_virt(sg);
}

unsigned int p9rs_sg_len(const struct scatterlist *sg)
{
	return sg->length;
}

/* Gives back one reference of every page that @sg touches. */
void p9rs_sg_put_pages(struct scatterlist *sg)
{
	unsigned long pfn = page_to_pfn(sg_page(sg));
	unsigned long end = pfn + PFN_UP((unsigned long)sg->offset + sg->length);

	for (; pfn < end; pfn++)
		put_page(pfn_to_page(pfn));
}

/* ---- Pages ---- */

/*
 * Takes a reference of @page for a server that may go on reading it when the caller has long been
 * told that its call has ended. Slab memory and pages without references of their own would be
 * freed under the server.
 */
bool p9rs_page_lend(struct page *page)
{
	struct folio *folio = page_folio(page);

	if (folio_test_slab(folio) || folio_is_zone_device(folio))
		return false;
	return folio_try_get(folio);
}

void p9rs_page_return(struct page *page)
{
	put_page(page);
}

/* Zeroed: a server that says it has written more than it has must not show old kernel memory. */
void *p9rs_chunk_alloc(unsigned int order)
{
	gfp_t gfp = GFP_NOFS | __GFP_ZERO | __GFP_NOWARN;

	if (order)
		gfp |= __GFP_NORETRY;
	return (void *)__get_free_pages(gfp, order);
}

void p9rs_chunk_free(void *chunk, unsigned int order)
{
	free_pages((unsigned long)chunk, order);
}

/* ---- Iterators ---- */

unsigned int p9rs_iov_kind(const struct iov_iter *iter)
{
	return iov_iter_type(iter);
}

size_t p9rs_iov_count(const struct iov_iter *iter)
{
	return iov_iter_count(iter);
}

void p9rs_iov_truncate(struct iov_iter *iter, size_t max)
{
	iov_iter_truncate(iter, max);
}
