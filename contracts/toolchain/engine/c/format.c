/* vsnprintf for the conversions QuickJS uses in messages and dates: d i u x X c s p %, the flags 0 + -, width,
   precision, `*`, and the sizes h l ll z j. wasi-libc's runs on vfprintf, which libc.c has silenced. */

typedef struct {
  char *out;
  size_t capacity, length;
} Text;

static void put(Text *text, char character) {
  if (text->length + 1 < text->capacity) text->out[text->length] = character;
  text->length++;
}

static void pad(Text *text, char character, int count) {
  while (count-- > 0) put(text, character);
}

typedef struct {
  int zero, plus, left, width, precision, longs;
} Directive;

static const char *read_number(const char *format, int *value, va_list *arguments) {
  if (*format == '*') {
    *value = va_arg(*arguments, int);
    return format + 1;
  }
  for (*value = 0; *format >= '0' && *format <= '9'; format++) *value = *value * 10 + (*format - '0');
  return format;
}

static const char *read_directive(const char *format, Directive *directive, va_list *arguments) {
  *directive = (Directive){.precision = -1};
  for (;; format++) {
    if (*format == '0') directive->zero = 1;
    else if (*format == '+') directive->plus = 1;
    else if (*format == '-') directive->left = 1;
    else break;
  }
  format = read_number(format, &directive->width, arguments);
  if (*format == '.') format = read_number(format + 1, &directive->precision, arguments);
  for (;; format++) {
    if (*format == 'l') directive->longs++;
    else if (*format == 'j') directive->longs = 2;
    else if (*format != 'z' && *format != 'h') return format;
  }
}

static void put_field(Text *text, const Directive *directive, char sign, const char *body, int length) {
  int zeros = directive->precision > length ? directive->precision - length : 0;
  int padding = directive->width - length - zeros - !!sign;
  int by_zero = directive->zero && !directive->left && directive->precision < 0;
  if (!directive->left && !by_zero) pad(text, ' ', padding);
  if (sign) put(text, sign);
  pad(text, '0', by_zero ? padding : zeros);
  while (length--) put(text, *body++);
  if (directive->left) pad(text, ' ', padding);
}

static void put_integer(Text *text, const Directive *directive, char kind, char sign, u64 value) {
  char digits[24], *first = digits + sizeof digits;
  unsigned base = kind == 'x' || kind == 'X' || kind == 'p' ? 16 : 10;
  const char *alphabet = kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
  do *--first = alphabet[value % base];
  while (value /= base);
  put_field(text, directive, sign, first, digits + sizeof digits - first);
}

static void put_string(Text *text, Directive *directive, const char *string) {
  int length = 0;
  while ((directive->precision < 0 || length < directive->precision) && string[length]) length++;
  directive->zero = 0;
  directive->precision = -1;
  put_field(text, directive, 0, string, length);
}

int vsnprintf(char *restrict out, size_t capacity, const char *restrict format, va_list list) {
  Text text = {out, capacity, 0};
  va_list arguments;
  va_copy(arguments, list);
  for (; *format; format++) {
    if (*format != '%') {
      put(&text, *format);
      continue;
    }
    Directive directive;
    format = read_directive(format + 1, &directive, &arguments);
    char kind = *format;
    if (!kind) break;
    if (kind == 'c') put(&text, (char)va_arg(arguments, int));
    else if (kind == 's') put_string(&text, &directive, va_arg(arguments, const char *));
    else if (kind == 'd' || kind == 'i') {
      int64_t value = directive.longs > 1 ? va_arg(arguments, int64_t) : va_arg(arguments, int);
      char sign = value < 0 ? '-' : directive.plus ? '+' : 0;
      put_integer(&text, &directive, kind, sign, value < 0 ? -(u64)value : (u64)value);
    } else if (kind == 'u' || kind == 'x' || kind == 'X' || kind == 'p') {
      put_integer(&text, &directive, kind, 0, directive.longs > 1 ? va_arg(arguments, u64) : va_arg(arguments, unsigned));
    } else put(&text, kind);
  }
  va_end(arguments);
  if (capacity) out[text.length < capacity ? text.length : capacity - 1] = 0;
  return (int)text.length;
}

int snprintf(char *restrict out, size_t capacity, const char *restrict format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(out, capacity, format, arguments);
  va_end(arguments);
  return length;
}
