# alpha, QEMU's clipper, pages of 8 kB
KARCH=alpha
CROSS=alpha-linux-gnu-
TARGET=vmlinux
IMAGE=vmlinux
# Without a VGA card the console of the kernel writes to what is not there
QEMU="qemu-system-alpha -M clipper"
QEMU_PACKAGE=qemu-system-misc
CONSOLE=ttyS0
# A static program that binutils 2.40 has relaxed dies before main()
ABI_CFLAGS="-Wl,--no-relax"
ABI_CFLAGS_alpha="-Wl,--no-relax"
ABIS="alpha:alpha-linux-gnu-gcc:gcc-alpha-linux-gnu"
# With two it dies before the first program, in a call to the other CPU: gcc seems to
# count on 16 bytes of alignment of a stack that has 8
SMP=1
