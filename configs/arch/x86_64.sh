# x86-64, with the i386 and x32 ABIs
KARCH=x86_64
CROSS=
TARGET=bzImage
IMAGE=arch/x86/boot/bzImage
QEMU="qemu-system-x86_64 -M pc -vga none"
QEMU_PACKAGE=qemu-system-x86
CONSOLE=ttyS0
# On a busy machine the emulated timer may be late for the kernel's test of it, which panics
# ACPI's table of the interrupts of PCI is a program, and the kernel gives up one that takes 30 s:
# a debug kernel then has no interrupt of its disk, and waits for it for ever.  The firmware's older
# table says the same
ARCH_APPEND="no_timer_check pci=noacpi"
# name:compiler:package, the first is the one of the guest's init
ABIS="x86_64:gcc:gcc i386:i686-linux-gnu-gcc:gcc-i686-linux-gnu x32:x86_64-linux-gnux32-gcc:gcc-x86-64-linux-gnux32"
