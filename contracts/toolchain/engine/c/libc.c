/* What QuickJS asks of libc and a contract has no operating system for. Each of these, left to wasi-libc,
   would import WASI, and one import outside "env" makes every method of a contract fail. */

/* True while a bundle is evaluated at build time, when there is no chain to ask. */
static int preparing;

static _Noreturn void panic_text(const char *text) {
  near_panic_utf8(strlen(text), (u64)(size_t)text);
  __builtin_trap();
}

/* Date.now(): the block's time, which is nanoseconds since 1970. */
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  u64 nanoseconds = preparing ? 0 : near_block_timestamp();
  now->tv_sec = nanoseconds / 1000000000u;
  now->tv_usec = nanoseconds / 1000u % 1000000u;
  return 0;
}

/* Dates are UTC; QuickJS reads nothing but the offset from what this fills in. */
struct tm *localtime_r(const time_t *restrict time, struct tm *restrict fields) { return memset(fields, 0, sizeof *fields); }

_Noreturn void abort(void) { panic_text("the engine aborted"); }

/* QuickJS prints in its debugging dumps alone. */
int printf(const char *restrict format, ...) { return 0; }
int fprintf(FILE *restrict stream, const char *restrict format, ...) { return 0; }
int vfprintf(FILE *restrict stream, const char *restrict format, va_list arguments) { return 0; }
int putchar(int character) { return character; }
int puts(const char *text) { return 0; }
int fputc(int character, FILE *stream) { return character; }
int fputs(const char *restrict text, FILE *restrict stream) { return 0; }
size_t fwrite(const void *restrict data, size_t size, size_t count, FILE *restrict stream) { return count; }
