/* Included before each file of QuickJS (see host/xtask, userland/node.rs).
 *
 * For WASI the engine switches its check of the stack's depth off, so that a recursion without an end would run through the
 * whole of its stack and end the program. The check itself works here: the stack that it measures is the one in linear memory.
 * So the engine is not told that it is built for WASI. */
#ifndef SANDBAR_STACK_H
#define SANDBAR_STACK_H

/* Whatever the engine includes, while the headers still know their system. */
#include <alloca.h>
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fenv.h>
#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#undef __wasi__
/* What it asks of a system instead: malloc_usable_size is there, threads and atomics are not. */
#define __GLIBC__ 2
#define __DJGPP 2

#endif
