# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What mount_9p mounts: FIXTURE=TRANSPORT.DIALECT, of virtio, tcp, unix or fd, and L, u or 2000. With
# virtio it is QEMU's share. Otherwise a server of the test's own exports $SERVED: diod speaks L,
# p9fault the older ones.
: "${FIXTURE:=virtio.L}"

SERVED=/tmp/served-here
PORT=5650

# fixture_options: the options that name the transport and the dialect.
fixture_options() {
	local options=trans=${FIXTURE%.*},version=9p2000
	case $FIXTURE in
	*.L) options+=.L ;;
	*.u) options+=.u ;;
	esac
	case $FIXTURE in
	virtio.*) ;;
	tcp.*) options+=,port=$PORT ;;&
	*.L) options+=,aname=$SERVED,uname=root ;;
	esac
	echo "$options"
}

# fixture_server [ADDRESS]: becomes the server, on a socket or, with none, on its standard input and
# output.
fixture_server() {
	local program=("/9pnet/bin/p9fault" "$SERVED" "${1:-stdio}")
	case $FIXTURE in
	*.u) program+=(--dialect 9P2000.u) ;;
	*.2000) program+=(--dialect 9P2000) ;;
	*.L)
		program=(diod -f -n -e "$SERVED")
		if [ $# = 0 ]; then program+=(--rfdno 0 --wfdno 1); else program+=(-l "${1#*:}"); fi
		;;
	esac
	exec "${program[@]}" 2>>/tmp/served-here.log
}

fixture_stop() {
	[ -z "$fixture_pid" ] || kill "$fixture_pid" 2>/dev/null
	wait "$fixture_pid" 2>/dev/null
	fixture_pid=
	rm -rf $SERVED $SERVED.*
}

# fixture_start: makes $SERVED, and a server of it that listens; once in a test.
fixture_pid=
fixture_start() {
	[ -z "$fixture_pid" ] || return 0
	rm -rf $SERVED $SERVED.* && mkdir $SERVED
	echo "Hello from the host." >$SERVED/hello
	case $FIXTURE in
	tcp.*) fixture_server tcp:127.0.0.1:$PORT & ;;
	unix.*) fixture_server unix:$SERVED.socket & ;;
	*) sleep infinity & ;; # one server for each mount
	esac
	fixture_pid=$!
	defer fixture_stop
	case $FIXTURE in
	tcp.*) busywait 10 fixture_listens ;;
	unix.*) busywait 10 test -S $SERVED.socket ;;
	esac
}

fixture_listens() { (: <>/dev/tcp/127.0.0.1/$PORT) 2>/dev/null; }

# fixture_source [TAG]: what is mounted.
fixture_source() {
	case $FIXTURE in
	tcp.*) echo 127.0.0.1 ;;
	unix.*) echo $SERVED.socket ;;
	*) echo "${1:-share}" ;;
	esac
}

# fixture_mount OPTIONS DIR TAG
fixture_mount() {
	local options pipes
	options=$(fixture_options)${1:+,$1}
	[[ $FIXTURE = virtio.* ]] || fixture_start || return
	case $FIXTURE in
	fd.*)
		pipes=$(mktemp -d $SERVED.XXXXXX)
		mkfifo "$pipes"/{to,from}
		fixture_server <"$pipes/to" >"$pipes/from" &
		mount -i -t 9p -o "$options,rfdno=3,wfdno=4" share "$2" 4>"$pipes/to" 3<"$pipes/from"
		;;
	*) mount -i -t 9p -o "$options" "$(fixture_source "$3")" "$2" ;;
	esac
}
