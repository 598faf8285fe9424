#pragma once
/* The door into libFuzzer that leaves `main` to us. */
#include <stddef.h>
#include <stdint.h>

/// Runs libFuzzer with the arguments of the program; each input goes to `body`, which answers 0.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*body)(const uint8_t *data, size_t size));
