# m68k, QEMU's Macintosh Quadra 800
KARCH=m68k
CROSS=m68k-linux-gnu-
TARGET=vmlinux
IMAGE=vmlinux
QEMU="qemu-system-m68k -M q800"
QEMU_PACKAGE=qemu-system-misc
CONSOLE=ttyS0
ABIS="m68k:m68k-linux-gnu-gcc:gcc-m68k-linux-gnu"
SMP=1
MEM=512
