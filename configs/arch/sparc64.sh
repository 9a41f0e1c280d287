# sparc64, QEMU's sun4u, pages of 8 kB, with 32-bit programs
KARCH=sparc64
CROSS=sparc64-linux-gnu-
TARGET=vmlinux
IMAGE=vmlinux
QEMU="qemu-system-sparc64 -M sun4u -vga none"
QEMU_PACKAGE=qemu-system-sparc
CONSOLE=ttyS0
ABI_CFLAGS_sparc="-m32"
ABIS="sparc64:sparc64-linux-gnu-gcc:gcc-sparc64-linux-gnu sparc:sparc64-linux-gnu-gcc:gcc-multilib-sparc64-linux-gnu"
SMP=1
