/* The heap: spans of 4 KiB from where the linker's data ends, each cut into blocks of one size, with a free list
   for each size. A block has no header, since what lies between blocks would be bytes of every contract; its size
   follows from its span. A call is short and NEAR charges per instruction, not per page, so nothing is ever merged. */

extern unsigned char __heap_base;

#define SPAN 4096u
#define WASM_PAGE 65536u
/* NEAR's limit, 2,048 pages, and the most a bundle gets at build time. */
#define MEMORY_LIMIT (2048u * WASM_PAGE)

/* Class 0 is a span in use by nobody; 1 to 16 are steps of 8 bytes; from 17 on powers of two: 256, 512 and so on. */
#define FINE_CLASSES 16u
#define FINE_LIMIT (FINE_CLASSES * 8u)
#define CLASSES (FINE_CLASSES + 21u)

typedef struct FreeBlock {
  struct FreeBlock *next;
} FreeBlock;

static uint8_t span_class[MEMORY_LIMIT / SPAN];
static FreeBlock *free_blocks[CLASSES];
/* The rest of each size's newest span. */
static struct {
  unsigned char *next;
  unsigned left;
} fresh[CLASSES];
static size_t heap_top, heap_end;

static inline unsigned class_of(size_t size) {
  if (size <= FINE_LIMIT) return size ? (size + 7) >> 3 : 1;
  return FINE_CLASSES + 25 - __builtin_clz((unsigned)size - 1);
}

static inline size_t class_size(unsigned class) {
  return class <= FINE_CLASSES ? class << 3 : (size_t)FINE_LIMIT << (class - FINE_CLASSES);
}

static inline unsigned class_of_block(const void *block) { return span_class[(size_t)block / SPAN]; }

/* `size` bytes of new spans, or 0. */
static size_t take_spans(size_t size) {
  if (!heap_top) heap_top = ((size_t)&__heap_base + SPAN - 1) / SPAN * SPAN;
  size_t start = heap_top, end = start + size;
  if (end > MEMORY_LIMIT) return 0;
  if (end > heap_end) {
    /* NEAR starts every contract with 1,024 pages whatever the module declares: look before growing. */
    heap_end = __builtin_wasm_memory_size(0) * WASM_PAGE;
    if (end > heap_end) {
      size_t pages = (end - heap_end + WASM_PAGE - 1) / WASM_PAGE;
      if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1) return 0;
      heap_end += pages * WASM_PAGE;
    }
  }
  heap_top = end;
  return start;
}

static int add_blocks(unsigned class) {
  size_t size = class_size(class), span = size < SPAN ? SPAN : size;
  size_t start = take_spans(span);
  if (!start) return 0;
  span_class[start / SPAN] = class;
  fresh[class].next = (unsigned char *)start;
  fresh[class].left = span / size;
  return 1;
}

void *malloc(size_t size) {
  if (size > MEMORY_LIMIT) return NULL;
  unsigned class = class_of(size);
  FreeBlock *reused = free_blocks[class];
  if (reused) {
    free_blocks[class] = reused->next;
    return reused;
  }
  if (!fresh[class].left && !add_blocks(class)) return NULL;
  fresh[class].left--;
  void *block = fresh[class].next;
  fresh[class].next += class_size(class);
  return block;
}

void free(void *block) {
  if (!block) return;
  unsigned class = class_of_block(block);
  ((FreeBlock *)block)->next = free_blocks[class];
  free_blocks[class] = block;
}

size_t malloc_usable_size(void *block) { return block ? class_size(class_of_block(block)) : 0; }

void *realloc(void *block, size_t size) {
  if (!block) return malloc(size);
  size_t usable = malloc_usable_size(block);
  if (size <= usable) return block;
  void *moved = malloc(size);
  if (!moved) return NULL;
  memcpy(moved, block, usable);
  free(block);
  return moved;
}

void *calloc(size_t count, size_t size) {
  size_t total;
  if (__builtin_mul_overflow(count, size, &total)) return NULL;
  void *block = malloc(total);
  if (block) memset(block, 0, total);
  return block;
}

/* The rest of the family, so that wasi-libc's own allocator is never linked beside this one. */
void *aligned_alloc(size_t alignment, size_t size) { return alignment <= 8 ? malloc(size) : NULL; }
int posix_memalign(void **out, size_t alignment, size_t size) { return (*out = aligned_alloc(alignment, size)) ? 0 : 12; }
void *__libc_malloc(size_t size) { return malloc(size); }
void *__libc_calloc(size_t count, size_t size) { return calloc(count, size); }
void __libc_free(void *block) { free(block); }

/* Before a snapshot: forget every free block and leave zeros, which cost a contract no byte of code.
   A call then takes fresh blocks, which are no dearer than reused ones. */
static void forget_free_blocks(void) {
  for (unsigned class = 1; class < CLASSES; class++) {
    FreeBlock *block = free_blocks[class];
    while (block) {
      FreeBlock *next = block->next;
      memset(block, 0, class_size(class));
      block = next;
    }
    free_blocks[class] = NULL;
  }
}

/* memcpy and memset by unaligned 8-byte words: half an instruction a byte, where bulk memory costs one. */
typedef u64 __attribute__((aligned(1), may_alias)) Word;

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
  unsigned char *out = to;
  const unsigned char *in = from;
  for (; size >= 32; size -= 32, out += 32, in += 32) {
    Word a = ((const Word *)in)[0], b = ((const Word *)in)[1], c = ((const Word *)in)[2], d = ((const Word *)in)[3];
    ((Word *)out)[0] = a;
    ((Word *)out)[1] = b;
    ((Word *)out)[2] = c;
    ((Word *)out)[3] = d;
  }
  for (; size >= 8; size -= 8, out += 8, in += 8) *(Word *)out = *(const Word *)in;
  while (size--) *out++ = *in++;
  return to;
}

void *memset(void *to, int value, size_t size) {
  unsigned char *out = to;
  u64 word = (unsigned char)value * 0x0101010101010101ull;
  for (; size >= 32; size -= 32, out += 32) {
    ((Word *)out)[0] = word;
    ((Word *)out)[1] = word;
    ((Word *)out)[2] = word;
    ((Word *)out)[3] = word;
  }
  for (; size >= 8; size -= 8, out += 8) *(Word *)out = word;
  while (size--) *out++ = (unsigned char)value;
  return to;
}
