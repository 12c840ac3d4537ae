/* dtoa.c includes <setjmp.h> and uses nothing of it; wasi-libc has none, and the machine's own would be wrong. */
