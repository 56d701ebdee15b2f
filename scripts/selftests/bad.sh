# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Lines that the kernel's log must not have: all that oopses, lockdep, RCU, the object debugging, the
# sanitizers and the hung task detector report, and what the module itself calls a defect.

BAD='\bBUG\b|WARNING|Oops|general protection|Kernel panic|KASAN:|UBSAN:|KCSAN:|ODEBUG:|refcount_t:'
BAD+='|suspicious RCU|INFO: (possible|task|rcu|trying to register)|blocked for more than|hung task'
BAD+='|corruption|unreferenced object|DMA-API:|not clunked|still in use'

# bad_lines: those lines of its input. A report of a data race is nobody's business here unless 9pnet
# is on one of its two stacks: other code of the kernel has races, too.
bad_lines() {
	awk '
		/BUG: KCSAN:/ && !/\[9pnet/ { report = $0; next }
		/\[9pnet/ && report { print report; report = "" }
		/==========/ { report = "" }
		{ print }
		END { if (report) print report }' | grep -aE "$BAD"
}
