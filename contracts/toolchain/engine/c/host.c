/* One JavaScript function for every row of the host table: convert by signature, call through the table slot. */

#define MOST_WORDS 9

static u64 call_host(const HostFunction *host, unsigned arity, const u64 *w) {
#define CALL(arity, ...) \
  case arity: \
    if (host->result == RESULT_U64) return ((u64(*)(ARGUMENTS_##arity))host->function)(__VA_ARGS__); \
    ((void (*)(ARGUMENTS_##arity))host->function)(__VA_ARGS__); \
    return 0;
  if (host->result == RESULT_U32) return ((uint32_t(*)(ARGUMENTS_4))host->function)(w[0], w[1], w[2], w[3]);
  switch (arity) {
    CALL(0)
    CALL(1, w[0])
    CALL(2, w[0], w[1])
    CALL(3, w[0], w[1], w[2])
    CALL(4, w[0], w[1], w[2], w[3])
    CALL(5, w[0], w[1], w[2], w[3], w[4])
    CALL(6, w[0], w[1], w[2], w[3], w[4], w[5])
    CALL(7, w[0], w[1], w[2], w[3], w[4], w[5], w[6])
    CALL(8, w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7])
    CALL(9, w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8])
  }
#undef CALL
  __builtin_trap();
}

static JSValue refuse_while_preparing(JSContext *context, const char *name) {
  return JS_ThrowTypeError(context, "env.%s was called while the contract's module loads; call it inside a method", name);
}

static JSValue js_host_call(JSContext *context, JSValueConst self, int argc, JSValueConst *argv, int row) {
  const HostFunction *host = &host_functions[row];
  if (preparing) return refuse_while_preparing(context, host->name);
  u64 words[MOST_WORDS];
  uint32_t amount[4];
  Bytes bytes[MOST_WORDS];
  unsigned arity = 0, borrowed = 0;
  int next = 0, amount_is_result = 0;
  JSValue result = JS_EXCEPTION;

  for (const char *letter = host->signature; *letter; letter++) {
    if (*letter == 'A') {
      amount_is_result = 1;
      words[arity++] = (u64)(size_t)amount;
      continue;
    }
    JSValueConst value = next < argc ? argv[next] : JS_UNDEFINED;
    next++;
    if (*letter == 'u') {
      if (u64_from_js(context, value, &words[arity++])) goto done;
    } else if (*letter == 'a') {
      if (limbs_from_js(context, value, amount, 4)) goto done;
      words[arity++] = (u64)(size_t)amount;
    } else {
      Bytes *part = &bytes[borrowed];
      if (bytes_from_js(context, value, part)) goto done;
      borrowed++;
      words[arity++] = part->length;
      words[arity++] = (u64)(size_t)part->data;
    }
  }

  u64 answer = call_host(host, arity, words);
  if (amount_is_result) result = u128_to_js(context, amount);
  else result = host->result == RESULT_NONE ? JS_UNDEFINED : u64_to_js(context, answer);
done:
  while (borrowed) release_bytes(context, &bytes[--borrowed]);
  return result;
}

/* The functions below do not fit a signature: a length before a read, a list, or a call of the glue's own. */

static JSValue js_panic_utf8(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  if (preparing) return refuse_while_preparing(context, "panic_utf8");
  Bytes message;
  if (bytes_from_js(context, argv[0], &message)) return JS_EXCEPTION;
  near_panic_utf8(message.length, (u64)(size_t)message.data);
  __builtin_trap();
}

static JSValue js_block_timestamp(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  if (preparing) return refuse_while_preparing(context, "block_timestamp");
  return u64_to_js(context, near_block_timestamp());
}

static JSValue js_register_len(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  if (preparing) return refuse_while_preparing(context, "register_len");
  u64 id;
  if (u64_from_js(context, argv[0], &id)) return JS_EXCEPTION;
  return u64_to_js(context, near_register_len(id));
}

/* The register's bytes, or undefined for a register that was never written. */
static JSValue js_read_register(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  if (preparing) return refuse_while_preparing(context, "read_register");
  u64 id;
  if (u64_from_js(context, argv[0], &id)) return JS_EXCEPTION;
  u64 length = near_register_len(id);
  if (length == UINT64_MAX) return JS_UNDEFINED;
  uint8_t *data = length <= MEMORY_LIMIT ? malloc((size_t)length) : NULL;
  if (!data) return JS_ThrowOutOfMemory(context);
  near_read_register(id, (u64)(size_t)data);
  return bytes_to_js(context, data, (size_t)length);
}

static JSValue js_write_register(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  if (preparing) return refuse_while_preparing(context, "write_register");
  u64 id;
  Bytes value;
  if (u64_from_js(context, argv[0], &id) || bytes_from_js(context, argv[1], &value)) return JS_EXCEPTION;
  near_write_register(id, value.length, (u64)(size_t)value.data);
  release_bytes(context, &value);
  return JS_UNDEFINED;
}

/* Joined promises as separate arguments. The protocol's own bound is 128 (max_number_input_data_dependencies). */
#define MOST_JOINED 128

static JSValue js_promise_and(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  if (preparing) return refuse_while_preparing(context, "promise_and");
  u64 ids[MOST_JOINED];
  if (argc > MOST_JOINED) return JS_ThrowRangeError(context, "at most %d promises can be joined", MOST_JOINED);
  for (int i = 0; i < argc; i++)
    if (u64_from_js(context, argv[i], &ids[i])) return JS_EXCEPTION;
  return u64_to_js(context, near_promise_and((u64)(size_t)ids, argc));
}
