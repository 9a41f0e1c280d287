# ARM v7, QEMU's virt board
KARCH=arm
CROSS=arm-linux-gnueabihf-
TARGET=zImage
IMAGE=arch/arm/boot/zImage
QEMU="qemu-system-arm -M virt -cpu cortex-a15"
QEMU_PACKAGE=qemu-system-arm
# Debian's name, for its busybox
DEB_ARCH=armhf
CONSOLE=ttyAMA0
ABIS="armhf:arm-linux-gnueabihf-gcc:gcc-arm-linux-gnueabihf"
