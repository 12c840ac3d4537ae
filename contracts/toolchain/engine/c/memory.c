/* The heap: size-class free lists over a bump pointer that starts where the linker's data ends.
   A contract call is short and NEAR charges per instruction, not per page, so blocks are never merged. */

extern unsigned char __heap_base;

/* Eight steps of 16 bytes, then powers of two up to 2^31. */
#define SMALL_CLASSES 8
#define CLASSES 32
#define SMALL_LIMIT (SMALL_CLASSES * 16u)
#define HEADER 8u
#define LARGEST_BLOCK (1u << 30)
#define PAGE 65536u

typedef struct FreeBlock {
  struct FreeBlock *next;
} FreeBlock;

static FreeBlock *free_blocks[CLASSES];
static unsigned char *heap_top;
static size_t heap_end;

static inline unsigned class_of(size_t size) {
  if (size <= SMALL_LIMIT) return size ? (size - 1) >> 4 : 0;
  return SMALL_CLASSES + (24 - __builtin_clz((unsigned)size - 1));
}

static inline size_t class_size(unsigned class) {
  return class < SMALL_CLASSES ? (class + 1) << 4 : (size_t)SMALL_LIMIT << (class - SMALL_CLASSES + 1);
}

/* The class number lives in the eight bytes before a block, which keeps blocks aligned for i64 and f64. */
static inline uint32_t *header_of(void *block) { return (uint32_t *)((unsigned char *)block - HEADER); }

static int grow_heap(size_t wanted_end) {
  /* NEAR starts every contract with 1,024 pages whatever the module declares: look before growing. */
  heap_end = __builtin_wasm_memory_size(0) * PAGE;
  if (wanted_end <= heap_end) return 1;
  size_t pages = (wanted_end - heap_end + PAGE - 1) / PAGE;
  if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1) return 0;
  heap_end += pages * PAGE;
  return 1;
}

void *malloc(size_t size) {
  if (size > LARGEST_BLOCK) return NULL;
  unsigned class = class_of(size);
  FreeBlock *reused = free_blocks[class];
  if (reused) {
    free_blocks[class] = reused->next;
    return reused;
  }
  if (!heap_top) heap_top = (unsigned char *)(((size_t)&__heap_base + 15) & ~(size_t)15);
  unsigned char *block = heap_top + HEADER;
  u64 end = (u64)(size_t)block + class_size(class);
  if (end > heap_end && (end > UINT32_MAX - PAGE || !grow_heap((size_t)end))) return NULL;
  heap_top = (unsigned char *)(size_t)end;
  *header_of(block) = class;
  return block;
}

void free(void *block) {
  if (!block) return;
  unsigned class = *header_of(block);
  ((FreeBlock *)block)->next = free_blocks[class];
  free_blocks[class] = block;
}

size_t malloc_usable_size(void *block) { return block ? class_size(*header_of(block)) : 0; }

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
   A call then allocates from the bump pointer, which is no dearer than reusing what was freed. */
static void forget_free_blocks(void) {
  for (unsigned class = 0; class < CLASSES; class++) {
    FreeBlock *block = free_blocks[class];
    while (block) {
      FreeBlock *next = block->next;
      memset(header_of(block), 0, HEADER + class_size(class));
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
