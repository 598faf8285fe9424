#pragma once
/* Debian's header as it is (package node-llhttp). */
#include "/usr/share/include/llhttp/llhttp.h"
