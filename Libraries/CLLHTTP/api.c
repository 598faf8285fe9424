/* Debian's source as it is, in a translation unit of its own. */
#include "/usr/share/llhttp/api.c"
