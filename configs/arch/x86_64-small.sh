# x86-64, one CPU, without swap, shmem, huge pages, memcg and migration
KARCH=x86_64
CROSS=
TARGET=bzImage
IMAGE=arch/x86/boot/bzImage
QEMU="qemu-system-x86_64 -M pc -vga none"
QEMU_PACKAGE=qemu-system-x86
CONSOLE=ttyS0
# On a busy machine the emulated timer may be late for the kernel's test of it, which panics
ARCH_APPEND=no_timer_check
# name:compiler:package, the first is the one of the guest's init
ABIS="x86_64:gcc:gcc"
SMP=1
