/**
 * The programs that run inside the booted kernel. They rely on what Debian
 * calls essential (bash, coreutils, util-linux, perl-base) and on the `base`
 * component, and on nothing of the user's: his words reach them in files, NUL
 * after each, and are never part of a command line that a shell reads.
 */

/**
 * Process 1, still on the host's root. It builds the lab's own root, in which
 * every write stays, and moves into it. `$0` lies in the run directory.
 */
export const initScript = String.raw`#!/bin/bash
R=$(dirname "$0")
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C LIBMOUNT_FORCE_MOUNT2=always
. "$R/config"
fail() { echo "ovs-lab: $*"; exec perl "$R/poweroff"; }

mount -t proc proc /proc || fail 'no /proc'
mount -t tmpfs -o mode=755 lab "$R/mnt" || fail 'no tmpfs'
cd "$R/mnt"
mkdir upper work root
lower=
for ((i = 0; i < LAYERS; i++)); do
  mkdir "l$i"
  # A file system of its own for each: overlayfs refuses a layer that lies inside another.
  case $BACKEND in
    uml) mount -t hostfs -o "$R/l$i" none "l$i" ;;
    qemu) mount -t 9p -o "trans=virtio,version=9p2000.L,msize=262144,cache=loose" "l$i" "l$i" ;;
  esac || fail "layer $i cannot be mounted"
  lower+="l$i:"
done
# The tools for modules may be in the root that this one is needed for.
[ "$BACKEND" = qemu ] || perl "$R/insmod" l0/usr/lib/modules/* overlay || fail 'the module overlay cannot be loaded'
mount -t overlay -o "lowerdir=$lower/,upperdir=upper,workdir=work" overlay root || fail 'the overlay cannot be mounted'

mount -t proc proc root/proc
mount -t sysfs sysfs root/sys
mount -t devtmpfs -o mode=755 devtmpfs root/dev
mkdir -p root/dev/pts root/dev/shm root/dev/mqueue
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts root/dev/pts
mount -t tmpfs -o mode=1777 tmpfs root/dev/shm
mount -t mqueue mqueue root/dev/mqueue
mount -t tmpfs -o mode=755 tmpfs root/run
ln -sf pts/ptmx root/dev/ptmx
ln -snf /proc/self/fd root/dev/fd
for i in 0:stdin 1:stdout 2:stderr; do ln -snf "/proc/self/fd/${'$'}{i%:*}" "root/dev/${'$'}{i#*:}"; done
mkdir -p root/run/ovs-lab root/run/lock root/run/netns root/run/old
mount --bind "$R" root/run/ovs-lab
while IFS= read -r -d '' share; do
  mkdir -p -- "root$share"
  mount --bind -- "$share" "root$share" || fail 'a shared folder cannot be mounted'
done <"$R/shares"

cd root
# Unlike a chroot, this also moves the kernel's own helpers (modprobe), and leaves user namespaces usable.
pivot_root . run/old || fail 'the root cannot be changed'
cd /
umount -l /run/old && rmdir /run/old
exec /bin/bash /run/ovs-lab/main </dev/null
`

/** Process 1 on the lab's root: loads the modules, runs the command, carries its streams, and ends the kernel. */
export const mainScript = String.raw`#!/bin/bash
D=/run/ovs-lab
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
. "$D/config"
hostname ovs-lab
ip link set lo up
modprobe -a $MODULES

exec 4<>"$TTY" 5<>"$OUT" 6<>"$ERR" 7<>"$IN" 8<>"$CTL"
if [ "$BACKEND" = uml ]; then
  for fd in 5 6 7 8; do stty raw -echo <&$fd; done
fi
[ "$BACKEND" = uml ] || [ "$MODE" != shell ] || stty sane <&4

perl "$D/control" & control=$!

keep=" $$ $control "
if [ "$MODE" = shell ]; then
  stty sane rows "$ROWS" cols "$COLUMNS" <&4
  setsid --ctty --wait perl "$D/launch" "$D" <&4 >&4 2>&4 &
  launcher=$!
else
  mkdir -m 700 /run/ovs-lab-io
  cd /run/ovs-lab-io
  mkfifo in out err
  # Pipes, so that the command does not take the serial line for a terminal.
  perl "$D/pump" stdout <out >&5 & out=$!
  perl "$D/pump" stderr <err >&6 & err=$!
  keep+="$out $err "
  echo "streams $out $err" >&8
  input=/dev/null
  if [ "$STDIN" = yes ]; then
    input=in
    perl "$D/feed" <&7 >in &
  fi
  perl "$D/launch" "$D" <"$input" >out 2>err 4>&- 5>&- 6>&- 7>&- & launcher=$!
fi

if [ "$LIMIT" -gt 0 ]; then
  { sleep "$LIMIT"; echo "ovs-lab: the time limit has passed" >/dev/kmsg; exec perl "$D/poweroff"; } &
fi

wait "$launcher"
# What the command left running would hold its streams open.
for process in /proc/[0-9]*; do
  [ -e "$process/exe" ] && [[ $keep != *" ${'$'}{process#/proc/} "* ]] && kill -s KILL "${'$'}{process#/proc/}" 2>/dev/null
done
[ "$MODE" = shell ] || wait "$out" "$err"
# Changing a terminal's settings waits until its output has left.
[ "$MODE" = shell ] && stty sane <&4
# Over 9p, what was written last may still be here.
[ "$BACKEND" = qemu ] && sync
echo drained >&8
# The front end answers once it has everything.
wait "$control"
exec perl "$D/poweroff"
`

/** Runs the command with exactly the arguments, environment and folder that the user has outside, and tells how it ended. */
export const launchScript = String.raw`use strict;
my $dir = shift;
sub words { open(my $file, '<', "$dir/$_[0]") or die; local $/; my $text = <$file>; my @words = split(/\0/, $text, -1); pop @words; return @words }
my @argv = words('argv');
my @env = words('env');
my ($cwd) = words('cwd');
my ($umask) = words('umask');
open(my $control, '>&=', 8) or die;
# A shell without job control ignores these for what it runs in the background.
$SIG{$_} = 'DEFAULT' for qw(INT QUIT);
my $pid = fork();
if ($pid == 0) {
  close($control);
  setpgrp(0, 0) unless -t STDIN;
  %ENV = ();
  for (@env) { my ($name, $value) = split(/=/, $_, 2); $ENV{$name} = $value }
  umask(oct($umask));
  chdir($cwd) or do { print STDERR "ovs-lab: cannot enter $cwd: $!\n"; exit 126 };
  { no warnings; exec { $argv[0] } @argv; }
  my $status = $!{ENOENT} ? 127 : 126;
  print STDERR "ovs-lab: cannot run $argv[0]: $!\n";
  exit $status;
}
# Here as well: once it is told that the command runs, the front end may signal its group at once.
setpgrp($pid, $pid) unless -t STDIN;
syswrite($control, "started $pid\n");
$SIG{$_} = 'IGNORE' for qw(INT QUIT TERM HUP);
waitpid($pid, 0);
syswrite($control, $? & 127 ? sprintf("signal %d\n", $? & 127) : sprintf("exit %d\n", $? >> 8));
`

/** Carries out the front end's requests. When its end of the line closes it is gone, and so is the reason to go on. */
export const controlScript = String.raw`use strict;
open(my $control, '<&=', 8) or die;
while (<$control>) {
  my ($verb, $first, $second) = split;
  if ($verb eq 'signal') { kill($first, -$second) }
  elsif ($verb eq 'off') { last }
  elsif ($verb eq 'hangup') { kill('TERM', $first) }
  elsif ($verb eq 'size') { open(my $terminal, '<&=', 4) or next; ioctl($terminal, 0x5414, pack('S4', $first, $second, 0, 0)) }
}
syscall(169, 0xfee1dead, 672274793, 0x4321fedc, 0);
`

/** Carries one of the command's streams out, and says at its end how many bytes it was: not all may have left the line by then. */
export const pumpScript = String.raw`use strict;
my $name = shift;
my $total = 0;
while (sysread(STDIN, my $bytes, 65536)) {
  my $length = length($bytes);
  for (my $sent = 0; $sent < $length;) { $sent += syswrite(STDOUT, $bytes, $length - $sent, $sent) // exit }
  $total += $length;
}
open(my $control, '>&=', 8) or die;
syswrite($control, "eof $name $total\n");
`

/** Turns framed input (each piece with its length before it, 0 at the end) into a plain stream. */
export const feedScript = String.raw`use strict;
sub take {
  my ($length) = @_;
  my $bytes = '';
  while (length($bytes) < $length) { sysread(STDIN, $bytes, $length - length($bytes), length($bytes)) or exit }
  return $bytes;
}
while (my $length = unpack('N', take(4))) {
  my $bytes = take($length);
  for (my $sent = 0; $sent < $length;) { $sent += syswrite(STDOUT, $bytes, $length - $sent, $sent) // exit }
}
`

/** Loads a module and what it depends on, by finit_module(2). */
export const insmodScript = String.raw`use strict;
my ($dir, $name) = @ARGV;
open(my $list, '<', "$dir/modules.dep") or die "$dir: $!\n";
for (grep { m{(^|/)$name\.ko[^/]*:} } <$list>) {
  my ($module, @needed) = split(/:?\s+/);
  for (reverse($module, @needed)) {
    open(my $file, '<', "$dir/$_") or die "$_: $!\n";
    syscall(313, fileno($file), my $options = '', 0) == 0 or $!{EEXIST} or die "$_: $!\n";
  }
}
`

/** Ends the kernel. Bare machines have no `poweroff`; this is the system call reboot(2). */
export const poweroffScript = String.raw`syscall(169, 0xfee1dead, 672274793, 0x4321fedc, 0);
`
