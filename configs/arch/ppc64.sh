# powerpc, 64-bit big-endian, pseries, pages of 64 kB, with 32-bit programs
KARCH=powerpc
CROSS=powerpc64-linux-gnu-
TARGET=vmlinux
IMAGE=vmlinux
QEMU="qemu-system-ppc64 -M pseries -cpu POWER8 -vga none"
QEMU_PACKAGE=qemu-system-ppc
CONSOLE=hvc0
ABIS="ppc64:powerpc64-linux-gnu-gcc:gcc-powerpc64-linux-gnu ppc:powerpc-linux-gnu-gcc:gcc-powerpc-linux-gnu"
