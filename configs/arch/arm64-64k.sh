# arm64, QEMU's virt board, pages of 64 kB
KARCH=arm64
CROSS=aarch64-linux-gnu-
TARGET=Image
IMAGE=arch/arm64/boot/Image
QEMU="qemu-system-aarch64 -M virt -cpu cortex-a57"
QEMU_PACKAGE=qemu-system-arm
# Debian's name, for its busybox
DEB_ARCH=arm64
CONSOLE=ttyAMA0
ABIS="arm64:aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu"
