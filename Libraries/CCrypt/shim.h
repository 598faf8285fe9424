#pragma once
#include <crypt.h>
#include <stdlib.h>
#include <string.h>

/* `struct crypt_data` has arrays that are too long for Swift. Writes the whole hash, with its zero, into `output`;
   answers 0 where libcrypt refuses the setting, the output is too short or there is no memory. */
static inline int hg_crypt(const char *phrase, const char *setting, char *output, size_t size) {
    struct crypt_data *data = (struct crypt_data *)calloc(1, sizeof(struct crypt_data));
    if (data == NULL) return 0;
    const char *hash = crypt_r(phrase, setting, data);
    /* Refusals are texts that begin with a star. */
    int done = hash != NULL && hash[0] != '*' && strlen(hash) < size;
    if (done) memcpy(output, hash, strlen(hash) + 1);
    explicit_bzero(data, sizeof(struct crypt_data));
    free(data);
    return done;
}
