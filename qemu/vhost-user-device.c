// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for QEMU that lets its command line use vhost-user-device-pci: a virtio device of any kind
 * that another program implements. QEMU has it, but not for users.
 *
 * There is no interface for this. What says so is a byte of QEMU's own structure of the device's class:
 * it is changed only if it is "no" for that device, "yes" for one that users may have, and the other
 * way round nowhere near. A QEMU for which that does not hold refuses to start with this plugin.
 */
#include <stdint.h>
#include <stdio.h>

#define EXPORT __attribute__((visibility("default")))

/* DeviceClass.user_creatable in QEMU 10.0 on x86-64. */
#define USER_CREATABLE 130

extern void *object_class_by_name(const char *name);

EXPORT int qemu_plugin_version = 4;

EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	unsigned char *common = object_class_by_name("virtio-9p-pci");
	unsigned char *wanted = object_class_by_name("vhost-user-device-pci");

	(void)id, (void)info, (void)argc, (void)argv;
	if (!common || !wanted || common[USER_CREATABLE] != 1 || wanted[USER_CREATABLE] != 0 ||
	    common[USER_CREATABLE - 1] != wanted[USER_CREATABLE - 1] ||
	    common[USER_CREATABLE + 1] != wanted[USER_CREATABLE + 1]) {
		fprintf(stderr, "vhost-user-device: not made for this QEMU\n");
		return 1;
	}
	wanted[USER_CREATABLE] = 1;
	return 0;
}
