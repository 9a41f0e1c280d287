# s390x
KARCH=s390
CROSS=s390x-linux-gnu-
TARGET=bzImage
IMAGE=arch/s390/boot/bzImage
QEMU="qemu-system-s390x -M s390-ccw-virtio"
QEMU_PACKAGE=qemu-system-misc
# Debian's name, for its busybox
DEB_ARCH=s390x
CONSOLE=ttysclp0
ABIS="s390x:s390x-linux-gnu-gcc:gcc-s390x-linux-gnu"
