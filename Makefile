# SPDX-License-Identifier: GPL-2.0
#
# The verbs of the project; `make help` is the manual. What the kernel's build reads is Kbuild.

CLIENT ?= rust
export CLIENT KERNEL FIXTURE SHARE TRANS MSIZE MOUNT_OPTS SMP MEM TIMEOUT QEMU_EXTRA RUN CMD T W MIRROR ROUNDS LONG
export DESTDIR INSTALL_MOD_PATH RELEASE

MAKEFLAGS += --no-print-directory

help:
	@echo  'Set-up happens by itself where it is needed: as root, on Debian 12 or 13.'
	@echo  ''
	@echo  'Running:'
	@echo  '  run             - Boot the guest, load the modules, mount SHARE on /mnt and give a shell;'
	@echo  "                    with CMD='...' run that and tell its exit status"
	@echo  ''
	@echo  'Building:'
	@echo  '  modules         - Build the modules for KERNEL into build/modules/$$KERNEL'
	@echo  ''
	@echo  'Installing, on a machine that runs the stock kernel:'
	@echo  '  install         - Install what make modules has built, over the stock modules'
	@echo  '  uninstall       - Remove it; the stock modules are back'
	@echo  ''
	@echo  'Checking:'
	@echo  '  check           - lint, test-host, symbols, and the selftests in the guest on the stock'
	@echo  '                    and on the debug kernel, less than half an hour;'
	@echo  '                    with KERNEL=... only on that one, on debug all (two hours);'
	@echo  '                    with T=pattern only the selftests whose name matches;'
	@echo  '                    with CLIENT=c the selftests with the stock client'
	@echo  '  check-long      - The same with all rounds, the slow selftests, a search for data races and the'
	@echo  '                    fuzzers: some hours, before a release'
	@echo  '  lint            - Format, clippy, shellcheck and the rules of the tree'
	@echo  '  test-host       - Unit tests on this machine'
	@echo  '  fuzz            - Fuzz the protocol core: target T [all] for S seconds each [60]'
	@echo  '  symbols         - Compare the exported symbols with those of the stock 9pnet'
	@echo  '  bench           - Compare with the stock client, and virtiofs: instructions, messages, time;'
	@echo  '                    25 minutes; with W=pattern only the workloads whose name matches, see docs/bench'
	@echo  ''
	@echo  'Cleaning:'
	@echo  '  clean           - Remove build/'
	@echo  '  distclean       - Remove build/ and all that was set up'
	@echo  ''
	@echo  'Variables:'
	@echo  "  CMD='...'       - What bash is to run in the guest, in /mnt [a shell]"
	@echo  '  SHARE=folder    - What the guest mounts [build/share, a small demo]'
	@echo  '  CLIENT=rust|c   - This 9pnet, or the stock C modules to compare with [rust]'
	@echo  '  KERNEL=stock|debug|kcsan'
	@echo  "                  - Debian's kernel, one with KASAN, lockdep and other checks, or one that"
	@echo  '                    looks for data races [stock]'
	@echo  '  TRANS=virtio|tcp|unix|fd'
	@echo  '                  - Transport; all but virtio to a server in the guest that serves the'
	@echo  '                    same folder [virtio]'
	@echo  '  MSIZE=bytes     - Largest message [what the client takes by default]'
	@echo  '  MOUNT_OPTS=a,b  - More mount options []'
	@echo  '  SMP=n, MEM=size - Processors and memory of the guest [2, 1G]'
	@echo  '  TIMEOUT=seconds - When to end the guest [600 with CMD, never with a shell]'
	@echo  "  QEMU_EXTRA='..' - More arguments for QEMU []"
	@echo  '  RUN=folder      - Where the logs of the guest go, one guest at a time [build/run]'
	@echo  '  T=pattern       - Which selftests: a shell pattern or a part of the name [all]'
	@echo  '  W=pattern       - Which workloads of the benchmark, as T [all]'
	@echo  '  JOBS=n          - Guests of make check at a time [2; with T one]'
	@echo  '  ROUNDS=n        - Rounds of the selftests that kill and flush [3; not stock: 2]'
	@echo  '  FIXTURE=tcp.L   - What the selftests of the file system run on: virtio, tcp, unix or fd, with'
	@echo  '                    dialect L, u or 2000 [virtio.L]'
	@echo  '  LONG=1          - Longer selftests of the file system, and the slow ones'
	@echo  '  RELEASE=version - For which kernel to install [the running one]'
	@echo  '  DESTDIR, INSTALL_MOD_PATH'
	@echo  '                  - Put before /lib/modules by install and uninstall []'
	@echo  "  MIRROR=http://  - Debian mirror [the one this machine's apt uses]"
	@echo  '  XDG_CACHE_HOME  - The set-up is kept in its folder 9pnet [~/.cache]'

run:
	@qemu/run.sh --check
ifneq ($(CLIENT),c)
	@$(MAKE) modules
endif
	@qemu/run.sh

modules:
	@scripts/modules.sh

install:
	@scripts/install.sh install build/modules/stock

uninstall:
	@scripts/install.sh uninstall

check:
	@scripts/check.sh

check-long:
	@ROUNDS=200 LONG=1 $(MAKE) check

lint:
	@scripts/lint.sh

test-host:
	@scripts/in-root.sh cargo test --manifest-path rust/host/Cargo.toml
	@scripts/in-root.sh cargo test --manifest-path rust/tools/Cargo.toml

fuzz:
	@scripts/fuzz.sh "$(T)" "$(S)"

bench: modules
	@scripts/bench.sh

symbols: modules
	@scripts/symbols-check.sh

clean:
	rm -rf --one-file-system build

distclean: clean
	rm -rf --one-file-system "$${XDG_CACHE_HOME:-$$HOME/.cache}/9pnet"

.PHONY: help run modules install uninstall check check-long lint test-host fuzz bench symbols clean distclean
