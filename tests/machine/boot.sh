#!/bin/sh
# boot.sh BASE FOLDER CHECKOUT: become systemd of the system unpacked in BASE. Process 1 of its own
# pid, mount, uts, ipc and cgroup namespaces; all mounts go with it. What is written goes to FOLDER.
# Its /opt/first.sh runs before, with this machine's network; then there is loopback alone.
set -e
base=$1 folder=$2 checkout=$3 root=$folder/root
mount --make-rprivate /
mkdir -p "$folder/written" "$folder/work" "$root"
mount -t overlay overlay -o "lowerdir=$base,upperdir=$folder/written,workdir=$folder/work" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
while read -r name major minor; do
    mknod -m 666 "$root/dev/$name" c "$major" "$minor"
done <<NODES
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
NODES
mkdir "$root/dev/pts" "$root/dev/shm" "$root/opt/checkout"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs tmpfs "$root/dev/shm"
git -C "$checkout" archive HEAD | tar -x -C "$root/opt/checkout"

# The way to Python's packages, as pip has it here: its settings, and the folders and files they name.
cp /etc/resolv.conf /etc/hosts "$root/etc/"
if [ -f /etc/pip.conf ]; then cp /etc/pip.conf "$root/etc/"; fi
for path in $(python3 -m pip config list | grep -oE "(file://)?/[^ ',]+" | sed 's#^file://##'); do
    if [ -f "$path" ]; then mkdir -p "$root$(dirname "$path")" && cp "$path" "$root$path"; fi
    if [ -d "$path" ]; then mkdir -p "$root$path" && mount --bind "$path" "$root$path"; fi
done
chroot "$root" sh -ex /opt/first.sh

# shellcheck disable=SC2016
exec unshare --net sh -ec '
    python3 -c "
import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack(\"16sh\", b\"lo\", 0x41))  # SIOCSIFFLAGS: up
"
    mount -t sysfs sysfs "$1/sys"
    mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup"
    mount -t tmpfs -o mode=755 tmpfs "$1/run"
    mkdir "$1/before"
    cd "$1"
    pivot_root . before
    umount -l /before
    exec env -i container=other PATH=/usr/sbin:/usr/bin /lib/systemd/systemd --unit=multi-user.target
' sh "$root"
