/* JavaScript values to wasm words and back. Conversions are strict: no rounding, wrapping or coercion, so a
   negative number, NaN, or a decimal string in place of an amount is an exception rather than other money. */

/* An unsigned integer of `count` 32-bit limbs, least first, from a bigint or a safe integer. */
static int limbs_from_js(JSContext *context, JSValueConst value, uint32_t *limbs, unsigned count) {
  memset(limbs, 0, count * sizeof *limbs);
  int64_t small;
  switch (JS_VALUE_GET_NORM_TAG(value)) {
  case JS_TAG_INT:
    small = JS_VALUE_GET_INT(value);
    break;
  case JS_TAG_SHORT_BIG_INT:
    small = JS_VALUE_GET_SHORT_BIG_INT(value);
    break;
  case JS_TAG_FLOAT64: {
    double number = JS_VALUE_GET_FLOAT64(value);
    if (!(number >= 0 && number <= MAX_SAFE_INTEGER) || number != (double)(int64_t)number) goto out_of_range;
    small = (int64_t)number;
    break;
  }
  case JS_TAG_BIG_INT: {
    /* Two's complement: a set top bit is a negative number, and a positive one may carry a zero limb on top. */
    const JSBigInt *big = JS_VALUE_GET_PTR(value);
    if ((int32_t)big->tab[big->len - 1] < 0) goto out_of_range;
    if (big->len > count && !(big->len == count + 1 && big->tab[count] == 0)) goto out_of_range;
    for (unsigned i = 0; i < count && i < (unsigned)big->len; i++) limbs[i] = big->tab[i];
    return 0;
  }
  default:
    JS_ThrowTypeError(context, "expected a bigint or an integer");
    return -1;
  }
  if (small < 0) goto out_of_range;
  limbs[0] = (uint32_t)small;
  limbs[1] = (uint32_t)((u64)small >> 32);
  return 0;
out_of_range:
  JS_ThrowRangeError(context, "expected an integer from 0 to 2^%u-1 (numbers above 2^53 as bigint)", count * 32);
  return -1;
}

static int u64_from_js(JSContext *context, JSValueConst value, u64 *out) {
  uint32_t limbs[2];
  if (limbs_from_js(context, value, limbs, 2)) return -1;
  *out = limbs[0] | (u64)limbs[1] << 32;
  return 0;
}

static JSValue u64_to_js(JSContext *context, u64 value) { return JS_NewBigUint64(context, value); }

static JSValue u128_to_js(JSContext *context, const uint32_t *limbs) {
  JSBigInt *big = js_bigint_new(context, 5);
  if (!big) return JS_EXCEPTION;
  memcpy(big->tab, limbs, 16);
  big->tab[4] = 0;
  return JS_CompactBigInt(context, js_bigint_normalize(context, big));
}

/* Bytes borrowed from a Uint8Array or from a string as UTF-8. `text`, when set, is to be freed after use. */
typedef struct {
  const uint8_t *data;
  size_t length;
  const char *text;
} Bytes;

static void release_bytes(JSContext *context, Bytes *bytes) {
  if (bytes->text) JS_FreeCString(context, bytes->text);
}

/* QuickJS writes a lone surrogate as three bytes ED A0..BF xx, which is not UTF-8: the host would refuse it in
   a log, and stored it could never be read back as text. */
static int has_lone_surrogate(const uint8_t *data, size_t length) {
  for (size_t i = 0; i + 1 < length; i++)
    if (data[i] == 0xED && data[i + 1] >= 0xA0) return 1;
  return 0;
}

/* Eight characters at a time: QuickJS' own count of what is not ASCII takes 17 instructions for each. */
static int is_ascii(const uint8_t *data, size_t length) {
  size_t at = 0;
  for (; length - at >= 8; at += 8)
    if (*(const Word *)(data + at) & 0x8080808080808080ull) return 0;
  for (; at < length; at++)
    if (data[at] & 0x80) return 0;
  return 1;
}

static int text_from_js(JSContext *context, JSValueConst value, Bytes *out) {
  if (JS_VALUE_GET_TAG(value) == JS_TAG_STRING) {
    const JSString *string = JS_VALUE_GET_STRING(value);
    if (!string->is_wide_char && is_ascii(string->u.str8, string->len)) {
      *out = (Bytes){string->u.str8, string->len, NULL};
      return 0;
    }
  }
  out->text = JS_ToCStringLen(context, &out->length, value);
  if (!out->text) return -1;
  out->data = (const uint8_t *)out->text;
  if (!has_lone_surrogate(out->data, out->length)) return 0;
  JS_FreeCString(context, out->text);
  JS_ThrowTypeError(context, "text with a lone surrogate has no UTF-8 form");
  return -1;
}

static int bytes_from_js(JSContext *context, JSValueConst value, Bytes *out) {
  if (JS_IsString(value)) return text_from_js(context, value, out);
  if (JS_VALUE_GET_TAG(value) == JS_TAG_OBJECT) {
    const JSObject *object = JS_VALUE_GET_OBJ(value);
    if (object->class_id == JS_CLASS_UINT8_ARRAY || object->class_id == JS_CLASS_UINT8C_ARRAY) {
      *out = (Bytes){object->u.array.u.uint8_ptr, object->u.array.count, NULL};
      return 0;
    }
  }
  JS_ThrowTypeError(context, "expected a Uint8Array or a string");
  return -1;
}

static void free_buffer(JSRuntime *runtime, void *opaque, void *data) { free(data); }

/* A Uint8Array that takes over `data`, a block of malloc. */
static JSValue bytes_to_js(JSContext *context, uint8_t *data, size_t length) {
  JSValue buffer = JS_NewArrayBuffer(context, data, length, free_buffer, NULL, 0);
  if (JS_IsException(buffer)) {
    free(data);
    return buffer;
  }
  JSValueConst arguments[3] = {buffer, JS_UNDEFINED, JS_UNDEFINED};
  JSValue array = JS_NewTypedArray(context, 1, arguments, JS_TYPED_ARRAY_UINT8);
  JS_FreeValue(context, buffer);
  return array;
}
