#include "CFuzzer.h"
/* libFuzzer's archive names the function that its own `main` would call; ours is given at run time. */
__attribute__((weak)) int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { (void)data; (void)size; return 0; }
