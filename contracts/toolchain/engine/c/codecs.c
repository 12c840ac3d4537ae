/* Hex and base64 in C: 25 to 170 times cheaper than the same loops in JavaScript. Both are strict: what is not
   exactly the encoding of some bytes throws, and nothing is skipped. */

static int hex_digit(unsigned character) {
  unsigned digit = character - '0', letter = (character | 0x20) - 'a';
  return digit < 10 ? (int)digit : letter < 6 ? (int)letter + 10 : -1;
}

static JSValue js_hex_to_bytes(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  Bytes text;
  if (bytes_from_js(context, argv[0], &text)) return JS_EXCEPTION;
  JSValue result;
  size_t size = text.length / 2;
  uint8_t *out = malloc(size);
  if (!out) result = JS_ThrowOutOfMemory(context);
  else {
    size_t done = 0;
    if (text.length % 2 == 0)
      for (; done < size; done++) {
        int high = hex_digit(text.data[2 * done]), low = hex_digit(text.data[2 * done + 1]);
        if ((high | low) < 0) break;
        out[done] = high << 4 | low;
      }
    if (text.length == 2 * done) result = bytes_to_js(context, out, size);
    else {
      free(out);
      result = JS_ThrowRangeError(context, "not hex: wanted an even number of hex digits");
    }
  }
  release_bytes(context, &text);
  return result;
}

static JSValue js_bytes_to_hex(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  Bytes bytes;
  if (bytes_from_js(context, argv[0], &bytes)) return JS_EXCEPTION;
  JSValue result = JS_AtomToString(context, JS_ATOM_empty_string);
  if (bytes.length > JS_STRING_LEN_MAX / 2) result = JS_ThrowRangeError(context, "too long for one string");
  else if (bytes.length) {
    JSString *string = js_alloc_string(context, bytes.length * 2, 0);
    if (!string) result = JS_EXCEPTION;
    else {
      uint8_t *out = string->u.str8;
      for (size_t i = 0; i < bytes.length; i++) {
        *out++ = "0123456789abcdef"[bytes.data[i] >> 4];
        *out++ = "0123456789abcdef"[bytes.data[i] & 15];
      }
      *out = 0;
      result = JS_MKPTR(JS_TAG_STRING, string);
    }
  }
  release_bytes(context, &bytes);
  return result;
}

static const char base64_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int base64_digit(unsigned character) {
  unsigned upper = character - 'A', lower = character - 'a', digit = character - '0';
  if (upper < 26) return (int)upper;
  if (lower < 26) return (int)lower + 26;
  if (digit < 10) return (int)digit + 52;
  return character == '+' ? 62 : character == '/' ? 63 : -1;
}

/* RFC 4648 §4 with padding; §3.5's unused bits must be zero. Returns the bytes written, or -1. */
static int64_t base64_decode(const uint8_t *text, size_t length, uint8_t *out) {
  if (length % 4) return -1;
  size_t padding = 0;
  while (padding < 2 && padding < length && text[length - 1 - padding] == '=') padding++;
  const uint8_t *start = out;
  uint32_t bits = 0;
  unsigned count = 0;
  for (size_t i = 0; i < length - padding; i++) {
    int digit = base64_digit(text[i]);
    if (digit < 0) return -1;
    bits = bits << 6 | digit;
    count += 6;
    if (count >= 8) {
      count -= 8;
      *out++ = bits >> count;
      bits &= (1u << count) - 1;
    }
  }
  return bits ? -1 : out - start;
}

static JSValue js_base64_to_bytes(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  Bytes text;
  if (bytes_from_js(context, argv[0], &text)) return JS_EXCEPTION;
  JSValue result;
  uint8_t *out = malloc(text.length / 4 * 3);
  if (!out) result = JS_ThrowOutOfMemory(context);
  else {
    int64_t size = base64_decode(text.data, text.length, out);
    if (size >= 0) result = bytes_to_js(context, out, (size_t)size);
    else {
      free(out);
      result = JS_ThrowRangeError(context, "not base64: wanted RFC 4648 section 4 with padding");
    }
  }
  release_bytes(context, &text);
  return result;
}

static JSValue js_bytes_to_base64(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  Bytes bytes;
  if (bytes_from_js(context, argv[0], &bytes)) return JS_EXCEPTION;
  JSValue result = JS_AtomToString(context, JS_ATOM_empty_string);
  if (bytes.length > JS_STRING_LEN_MAX / 2) result = JS_ThrowRangeError(context, "too long for one string");
  else if (bytes.length) {
    JSString *string = js_alloc_string(context, (bytes.length + 2) / 3 * 4, 0);
    if (!string) result = JS_EXCEPTION;
    else {
      uint8_t *out = string->u.str8;
      for (size_t i = 0; i < bytes.length; i += 3) {
        size_t left = bytes.length - i;
        uint32_t group = bytes.data[i] << 16 | (left > 1 ? bytes.data[i + 1] << 8 : 0) | (left > 2 ? bytes.data[i + 2] : 0);
        *out++ = base64_alphabet[group >> 18];
        *out++ = base64_alphabet[group >> 12 & 63];
        *out++ = left > 1 ? base64_alphabet[group >> 6 & 63] : '=';
        *out++ = left > 2 ? base64_alphabet[group & 63] : '=';
      }
      *out = 0;
      result = JS_MKPTR(JS_TAG_STRING, string);
    }
  }
  release_bytes(context, &bytes);
  return result;
}
