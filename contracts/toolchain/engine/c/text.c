/* Strings to bytes and back, under the names near-sdk-js calls. Where a value has no such form, an exception:
   never a replacement character, which would make two different keys or names equal. */

/* The length of the UTF-8 sequence at `in` (RFC 3629: no overlong form, no surrogate, at most U+10FFFF), or 0. */
static size_t utf8_sequence(const uint8_t *in, size_t left) {
  uint8_t first = in[0];
  if (first < 0x80) return 1;
  size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || left < size) return 0;
  for (size_t i = 1; i < size; i++)
    if ((in[i] & 0xC0) != 0x80) return 0;
  uint8_t second = in[1];
  if (first == 0xE0 && second < 0xA0) return 0;
  if (first == 0xED && second > 0x9F) return 0;
  if (first == 0xF0 && second < 0x90) return 0;
  if (first == 0xF4 && second > 0x8F) return 0;
  return size;
}

static int is_utf8(const uint8_t *in, size_t length) {
  size_t at = 0;
  while (at < length) {
    if (length - at >= 8 && !(*(const Word *)(in + at) & 0x8080808080808080ull)) {
      at += 8;
      continue;
    }
    size_t size = utf8_sequence(in + at, length - at);
    if (!size) return 0;
    at += size;
  }
  return 1;
}

static JSValue js_uint8array_to_utf8_string(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  Bytes bytes;
  if (bytes_from_js(context, argv[0], &bytes)) return JS_EXCEPTION;
  JSValue result = is_utf8(bytes.data, bytes.length) ? JS_NewStringLen(context, (const char *)bytes.data, bytes.length)
                                                     : JS_ThrowTypeError(context, "the bytes are not UTF-8");
  release_bytes(context, &bytes);
  return result;
}

static JSValue js_utf8_string_to_uint8array(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  if (!JS_IsString(argv[0])) return JS_ThrowTypeError(context, "expected a string");
  Bytes text;
  if (text_from_js(context, argv[0], &text)) return JS_EXCEPTION;
  uint8_t *out = malloc(text.length);
  if (out) memcpy(out, text.data, text.length);
  release_bytes(context, &text);
  return out ? bytes_to_js(context, out, text.length) : JS_ThrowOutOfMemory(context);
}

static JSValue js_uint8array_to_latin1_string(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  Bytes bytes;
  if (JS_IsString(argv[0])) return JS_ThrowTypeError(context, "expected a Uint8Array");
  if (bytes_from_js(context, argv[0], &bytes)) return JS_EXCEPTION;
  if (bytes.length > JS_STRING_LEN_MAX) return JS_ThrowRangeError(context, "too long for one string");
  return js_new_string8_len(context, (const char *)bytes.data, (int)bytes.length);
}

static JSValue js_latin1_string_to_uint8array(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  if (!JS_IsString(argv[0])) return JS_ThrowTypeError(context, "expected a string");
  JSValue flat = JS_ToString(context, argv[0]);
  if (JS_IsException(flat)) return flat;
  const JSString *string = JS_VALUE_GET_STRING(flat);
  size_t length = string->len;
  uint8_t *out = malloc(length);
  JSValue result = JS_UNDEFINED;
  if (!out) result = JS_ThrowOutOfMemory(context);
  else if (!string->is_wide_char) memcpy(out, string->u.str8, length);
  else
    for (size_t i = 0; i < length; i++) {
      if (string->u.str16[i] > 0xFF) {
        result = JS_ThrowTypeError(context, "text with a character above U+00FF has no Latin-1 form");
        free(out);
        break;
      }
      out[i] = (uint8_t)string->u.str16[i];
    }
  JS_FreeValue(context, flat);
  return JS_IsException(result) ? result : bytes_to_js(context, out, length);
}
