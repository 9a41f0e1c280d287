# MIPS Malta, 32-bit little-endian
KARCH=mips
CROSS=mipsel-linux-gnu-
TARGET=vmlinux
IMAGE=vmlinux
QEMU="qemu-system-mipsel -M malta -cpu 24Kf"
QEMU_PACKAGE=qemu-system-mips
# Debian's name, for its busybox
DEB_ARCH=mipsel
CONSOLE=ttyS0
ABIS="o32:mipsel-linux-gnu-gcc:gcc-mipsel-linux-gnu"
# More memory than lies below the I/O hole stops the boot; without the MT
# extension QEMU starts a second CPU at the kernel's entry, too
MEM=256
SMP=1
# Debian's assembler for little-endian puts a sync before each ll, for Loongson; v4.2's
# table of faults then points to the sync, and the first fault there is an oops
ARCH_KCFLAGS="-Wa,-mno-fix-loongson3-llsc"
