/* The global `env`, which near-sdk-js and the typed functions of contract-build call. It holds only the
   functions whose name the bundle's text contains: the rest would cost snapshot bytes, and an import the
   target network may not have, in a contract that never calls them. */

typedef struct {
  const char *name;
  JSCFunction *function;
  int arguments;
} EnvFunction;

static const EnvFunction env_functions[] = {
  {"panic_utf8", js_panic_utf8, 1},
  {"block_timestamp", js_block_timestamp, 0},
  {"register_len", js_register_len, 1},
  {"read_register", js_read_register, 1},
  {"write_register", js_write_register, 2},
  {"promise_and", js_promise_and, 2},
  {"hex_to_bytes", js_hex_to_bytes, 1},
  {"bytes_to_hex", js_bytes_to_hex, 1},
  {"base64_to_bytes", js_base64_to_bytes, 1},
  {"bytes_to_base64", js_bytes_to_base64, 1},
  {"uint8array_to_utf8_string", js_uint8array_to_utf8_string, 1},
  {"utf8_string_to_uint8array", js_utf8_string_to_uint8array, 1},
  {"uint8array_to_latin1_string", js_uint8array_to_latin1_string, 1},
  {"latin1_string_to_uint8array", js_latin1_string_to_uint8array, 1},
};

/* Set where the bundle mentions the function; read back by prep_imports. */
static uint8_t host_mentioned[countof(host_functions)];

static int is_identifier_part(char character) {
  return character == '_' || character == '$' || (character >= '0' && character <= '9') ||
         ((character | 0x20) >= 'a' && (character | 0x20) <= 'z');
}

static int mentions(const char *source, const char *name) {
  size_t length = strlen(name);
  for (const char *at = source; (at = strstr(at, name)); at++)
    if ((at == source || !is_identifier_part(at[-1])) && !is_identifier_part(at[length])) return 1;
  return 0;
}

static void add_host_function(JSContext *context, JSValueConst env, const char *name, int row) {
  int arguments = strcspn(host_functions[row].signature, "A");
  JSValue function = JS_NewCFunctionMagic(context, js_host_call, name, arguments, JS_CFUNC_generic_magic, row);
  JS_SetPropertyStr(context, env, name, function);
}

static void add_env(JSContext *context, const char *source) {
  JSValue env = JS_NewObject(context);
  for (int row = 0; row < countof(host_functions); row++) {
    const char *name = host_functions[row].name;
    host_mentioned[row] = mentions(source, name);
    if (host_mentioned[row]) add_host_function(context, env, name, row);
    /* near-sdk-js' name for log_utf8. */
    if (!strcmp(name, "log_utf8") && mentions(source, "log")) {
      host_mentioned[row] = 1;
      add_host_function(context, env, "log", row);
    }
  }
  for (int i = 0; i < countof(env_functions); i++) {
    const EnvFunction *row = &env_functions[i];
    if (!mentions(source, row->name)) continue;
    JS_SetPropertyStr(context, env, row->name, JS_NewCFunction(context, row->function, row->name, row->arguments));
  }
  JSValue global = JS_GetGlobalObject(context);
  JS_SetPropertyStr(context, global, "env", env);
  JS_FreeValue(context, global);
}
