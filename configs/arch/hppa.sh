# PA-RISC, 32-bit, QEMU's B160L
KARCH=parisc
CROSS=hppa-linux-gnu-
TARGET=vmlinux
IMAGE=vmlinux
QEMU="qemu-system-hppa"
QEMU_PACKAGE=qemu-system-misc
CONSOLE=ttyS0
ABIS="hppa:hppa-linux-gnu-gcc:gcc-hppa-linux-gnu"
SMP=1
