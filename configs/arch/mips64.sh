# MIPS Malta, 64-bit big-endian, with the o32 and n32 ABIs
KARCH=mips
CROSS=mips64-linux-gnuabi64-
TARGET=vmlinux
IMAGE=vmlinux
QEMU="qemu-system-mips64 -M malta -cpu MIPS64R2-generic"
QEMU_PACKAGE=qemu-system-mips
CONSOLE=ttyS0
ABI_CFLAGS="-mabi=64"
ABI_CFLAGS_n64="-mabi=64"
ABI_CFLAGS_n32="-mabi=n32"
ABI_CFLAGS_o32="-mabi=32"
ABIS="n64:mips64-linux-gnuabi64-gcc:gcc-mips64-linux-gnuabi64 n32:mips64-linux-gnuabi64-gcc:gcc-multilib-mips64-linux-gnuabi64 o32:mips64-linux-gnuabi64-gcc:gcc-multilib-mips64-linux-gnuabi64"
# More memory than lies below the I/O hole stops the boot; without the MT
# extension QEMU starts a second CPU at the kernel's entry, too
MEM=256
SMP=1
