# MIPS Malta, 32-bit big-endian
KARCH=mips
CROSS=mips-linux-gnu-
TARGET=vmlinux
IMAGE=vmlinux
QEMU="qemu-system-mips -M malta -cpu 24Kf"
QEMU_PACKAGE=qemu-system-mips
CONSOLE=ttyS0
ABIS="o32:mips-linux-gnu-gcc:gcc-mips-linux-gnu"
# More memory than lies below the I/O hole stops the boot; without the MT
# extension QEMU starts a second CPU at the kernel's entry, too
MEM=256
SMP=1
