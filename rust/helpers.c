// SPDX-License-Identifier: GPL-2.0
/* Macros and inline functions of the kernel as functions that Rust can call. */

#include <linux/idr.h>
#include <linux/rcuwait.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "helpers.h"

u64 p9rs_task_id(void)
{
	return (u64)task_pid_nr(current) << 32 | lower_32_bits(current->start_time);
}

bool p9rs_fatal_signal_pending(void)
{
	return fatal_signal_pending(current);
}

/* Signals only: the kernel's signal_pending() also counts task work. */
bool p9rs_signal_pending(void)
{
	return task_sigpending(current);
}

bool p9rs_task_work_pending(void)
{
	return test_thread_flag(TIF_NOTIFY_SIGNAL);
}

bool p9rs_is_kernel_thread(void)
{
	return current->flags & PF_KTHREAD;
}

bool p9rs_exiting(void)
{
	return current->flags & PF_EXITING;
}

unsigned int p9rs_memalloc_nofs_save(void)
{
	return memalloc_nofs_save();
}

void p9rs_memalloc_nofs_restore(unsigned int flags)
{
	memalloc_nofs_restore(flags);
}

/* Whether a signal keeps the task from a sleep in this state. */
bool p9rs_rcuwait_prepare(struct rcuwait *w, int state)
{
	prepare_to_rcuwait(w);
	set_current_state(state);
	return signal_pending_state(state, current);
}

void p9rs_rcuwait_finish(struct rcuwait *w)
{
	finish_rcuwait(w);
}

void p9rs_rcuwait_wake(struct rcuwait *w)
{
	rcuwait_wake_up(w);
}

void p9rs_ida_init(struct ida *ida)
{
	ida_init(ida);
}
