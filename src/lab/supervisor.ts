/**
 * Watches over one kernel, in a session of its own, so that nothing is left
 * however the front end ends. Descriptor 3 is a pipe from the front end: once
 * it closes, be it by `kill -9`, the kernel's process group is killed and the
 * run directory removed.
 *
 * `$1` is the run directory, what follows is the kernel's command line. On
 * stdout: `started PID`, later `ended STATUS`.
 */
export const supervisorScript = String.raw`
R=$1; shift
kernel=
clean() {
  [ -z "$kernel" ] || kill -s KILL -- "-$kernel"
  rm -rf -- "$R"
} 2>/dev/null
trap 'clean; exit 143' TERM INT HUP
setsid "$@" 3<&- >"$R/console.log" 2>&1 </dev/null &
kernel=$!
# Whom it reports to may be gone. Set only now: the kernel would inherit it.
trap '' PIPE
exec 5>&- 6>&- 7>&- 8>&- 4>&-
{
  cat <&3 >/dev/null
  [ -e "$R/ended" ] || kill -s KILL -- "-$kernel"
} 2>/dev/null >&2 & watch=$!
echo "started $kernel" 2>/dev/null
wait "$kernel"
status=$?
: >"$R/ended"
echo "ended $status" 2>/dev/null
exec >/dev/null
wait "$watch"
clean
`
