// SPDX-License-Identifier: GPL-2.0
/*
 * OpenSSL's secure heap, as a program that keeps keys uses it.  No header: this is compiled
 * where libssl-dev is not installed, and linked with the libcrypto.so.3 that runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int CRYPTO_secure_malloc_init(size_t size, size_t minsize);
void *CRYPTO_secure_malloc(size_t num, const char *file, int line);

int main(int argc, char **argv)
{
	size_t size = argc > 1 ? strtoul(argv[1], NULL, 0) : 1 << 20;
	int state = CRYPTO_secure_malloc_init(size, 32);
	char *key = CRYPTO_secure_malloc(4096, __FILE__, __LINE__);

	if (!key) {
		fputs("CRYPTO_secure_malloc failed\n", stderr);
		return 1;
	}
	memset(key, 1, 4096);
	printf("secure heap: %d at %p\n", state, (void *)key);
	fflush(stdout);
	pause();
	return 0;
}
