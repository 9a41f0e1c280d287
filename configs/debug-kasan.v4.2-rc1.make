# Arguments of make.  This base knows the ABI of gcc 5: its descriptor of globals lacks
# a field of today's, and it has not the functions that poison a stack.
CFLAGS_KASAN=-fsanitize=kernel-address -fasan-shadow-offset=0xdffffc0000000000 --param asan-stack=0 --param asan-globals=0 --param asan-instrument-allocas=0 --param asan-instrumentation-with-call-threshold=10000
