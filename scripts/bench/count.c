// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for QEMU's emulator that counts the instructions a guest executes, by address.
 *
 *   -plugin count.so,out=FILE
 *
 * A program in the guest says when: it executes BEGIN, a no-op that no compiler makes, then END,
 * see load.c. For each such pair FILE gets a line "phase" and then a line "ADDRESS COUNT" for every
 * block of instructions in the kernel that ran between the two; all of user space together has
 * address 0. Which function a block belongs to is not known here, see report.py.
 *
 * What is counted is a block of code, when it is entered, with all its instructions: QEMU leaves a
 * block in the middle only where an instruction faults. Without -icount a copy by one string
 * instruction is one instruction, whatever its length; with -icount it is one for each step.
 *
 * For one processor; the counters of others are added up while they run. QEMU's interface for
 * plugins, version 4 of QEMU 9.1 and later, is declared here: Debian has no header for it.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct block;
struct insn;
struct scoreboard;

struct counter {
	struct scoreboard *scoreboard;
	size_t offset;
};

enum op { ADD_U64 };
enum regs { NO_REGS };

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*cb)(uint64_t, struct block *));
void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct block *, enum op, struct counter,
						       uint64_t imm);
void qemu_plugin_register_vcpu_insn_exec_cb(struct insn *, void (*cb)(unsigned int, void *),
					    enum regs, void *);
size_t qemu_plugin_tb_n_insns(const struct block *);
uint64_t qemu_plugin_tb_vaddr(const struct block *);
struct insn *qemu_plugin_tb_get_insn(const struct block *, size_t);
size_t qemu_plugin_insn_data(const struct insn *, void *, size_t);
struct scoreboard *qemu_plugin_scoreboard_new(size_t);
void *qemu_plugin_scoreboard_find(struct scoreboard *, unsigned int);
int qemu_plugin_num_vcpus(void);

__attribute__((visibility("default"))) int qemu_plugin_version = 4;

/* nopl DISPLACEMENT(%rax): the opcode, then the displacement, which says "9P" and what. */
static const uint8_t MARKER[] = { 0x0f, 0x1f, 0x80, 'P', '9', 'c' };
enum { BEGIN = 'b', END = 'e' };

/* Blocks at different addresses; a kernel that runs all of the workloads has about 60,000. */
#define ADDRESSES (1u << 18)
#define BUCKETS (4 * ADDRESSES)

static struct scoreboard *counts;
static uint64_t address[ADDRESSES]; /* of counter i; 0 is user space */
static uint32_t used = 1;
static uint32_t buckets[BUCKETS]; /* from a hash of an address to its counter */
static FILE *out;

/* The counter for the block at addr; those that find no room are counted as user space, aloud. */
static uint32_t counter_of(uint64_t addr)
{
	uint32_t at = (uint32_t)(addr * 0x9e3779b97f4a7c15u >> 32) % BUCKETS;

	if (!(addr >> 63))
		return 0;
	for (; buckets[at]; at = (at + 1) % BUCKETS)
		if (address[buckets[at]] == addr)
			return buckets[at];
	if (used == ADDRESSES) {
		fprintf(stderr, "count.so: no counter for %" PRIx64 "\n", addr);
		return 0;
	}
	address[used] = addr;
	return buckets[at] = used++;
}

static void begin(unsigned int vcpu, void *unused)
{
	(void)vcpu, (void)unused;
	for (int i = 0; i < qemu_plugin_num_vcpus(); i++)
		memset(qemu_plugin_scoreboard_find(counts, i), 0, used * sizeof(uint64_t));
}

static void end(unsigned int vcpu, void *unused)
{
	(void)vcpu, (void)unused;
	fputs("phase\n", out);
	for (uint32_t at = 0; at < used; at++) {
		uint64_t sum = 0;

		for (int i = 0; i < qemu_plugin_num_vcpus(); i++)
			sum += ((uint64_t *)qemu_plugin_scoreboard_find(counts, i))[at];
		if (sum)
			fprintf(out, "%" PRIx64 " %" PRIu64 "\n", address[at], sum);
	}
	fflush(out);
}

static void translated(uint64_t id, struct block *block)
{
	size_t n = qemu_plugin_tb_n_insns(block);
	uint64_t addr = qemu_plugin_tb_vaddr(block);
	struct counter counter = { counts, counter_of(addr) * sizeof(uint64_t) };

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(block, ADD_U64, counter, n);
	for (size_t i = 0; i < n && !(addr >> 63); i++) {
		struct insn *insn = qemu_plugin_tb_get_insn(block, i);
		uint8_t code[sizeof(MARKER) + 1];

		if (qemu_plugin_insn_data(insn, code, sizeof(code)) != sizeof(code) ||
		    memcmp(code, MARKER, sizeof(MARKER)))
			continue;
		if (code[sizeof(MARKER)] == BEGIN)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, begin, NO_REGS, NULL);
		else if (code[sizeof(MARKER)] == END)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, end, NO_REGS, NULL);
	}
}

__attribute__((visibility("default"))) int qemu_plugin_install(uint64_t id, const void *info, int argc,
							       char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
	if (!out) {
		fprintf(stderr, "count.so: needs out=FILE that can be written\n");
		return -1;
	}
	counts = qemu_plugin_scoreboard_new(ADDRESSES * sizeof(uint64_t));
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
