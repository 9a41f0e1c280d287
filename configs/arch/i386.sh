# x86, 32-bit kernel
KARCH=i386
CROSS=i686-linux-gnu-
TARGET=bzImage
IMAGE=arch/x86/boot/bzImage
QEMU="qemu-system-i386 -M pc -vga none"
QEMU_PACKAGE=qemu-system-x86
# Debian's name, for its busybox
DEB_ARCH=i386
CONSOLE=ttyS0
# On a busy machine the emulated timer may be late for the kernel's test of it, which panics
ARCH_APPEND=no_timer_check
ABIS="i386:i686-linux-gnu-gcc:gcc-i686-linux-gnu"
