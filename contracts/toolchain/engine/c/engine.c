/* The contract engine as one translation unit: QuickJS, then what joins it to a NEAR host.
   Including quickjs.c gives the glue QuickJS' own view of bigints, strings and typed arrays, so that a
   128-bit amount crosses the border without a detour through decimal text. */
#include "quickjs.c"

#include <stdarg.h>
#include <stdio.h>
#include <sys/time.h>

/* quickjs.c poisons these names for its own code; the allocator below defines them. */
#undef malloc
#undef free
#undef realloc

typedef unsigned long long u64;

#include "memory.c"
#include "host-table.h"
#include "libc.c"
#include "format.c"
#include "convert.c"
#include "host.c"
#include "codecs.c"
#include "text.c"
#include "env.c"
#include "failure.c"
#include "context.c"
#include "prepare.c"
#include "invoke.c"
