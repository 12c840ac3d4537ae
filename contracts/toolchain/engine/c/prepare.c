/* Build time: evaluate a bundle and leave memory as a snapshot from which `invoke` can start. */

#define EXPORT(name) __attribute__((export_name(#name)))

static JSValue *methods;
static uint32_t method_count;

/* A class is no method; unlike a plain function's, its `prototype` cannot be written. */
static int is_method(JSValueConst value) {
  if (!JS_IsFunction(context, value)) return 0;
  JSPropertyDescriptor descriptor;
  if (JS_GetOwnProperty(context, &descriptor, value, JS_ATOM_prototype) <= 0) return 1;
  JS_FreeValue(context, descriptor.value);
  return !JS_IsConstructor(context, value) || (descriptor.flags & JS_PROP_WRITABLE) != 0;
}

static JSModuleDef *evaluate_module(const char *source, size_t length) {
  JSValue function = JS_Eval(context, source, length, "contract", JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
  if (JS_IsException(function)) panic_with_exception();
  JSModuleDef *module = JS_VALUE_GET_PTR(function);
  if (JS_ResolveModule(context, function) < 0) panic_with_exception();
  JSValue promise = JS_EvalFunction(context, function);
  if (JS_IsException(promise)) panic_with_exception();
  drain_jobs();
  if (JS_PromiseState(context, promise) == JS_PROMISE_PENDING) panic_text("the contract's module never finished loading");
  JS_FreeValue(context, promise);
  return module;
}

/* Keep each exported function and return their names, one a line. The order is that of `invoke`'s index. */
static char *collect_methods(JSModuleDef *module) {
  JSValue namespace = JS_GetModuleNamespace(context, module);
  JSPropertyEnum *properties;
  uint32_t count;
  if (JS_GetOwnPropertyNames(context, &properties, &count, namespace, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY))
    panic_with_exception();
  methods = malloc(count * sizeof *methods);
  DynBuf names;
  dbuf_init2(&names, NULL, NULL);
  for (uint32_t i = 0; i < count; i++) {
    JSValue value = JS_GetProperty(context, namespace, properties[i].atom);
    if (is_method(value)) {
      const char *name = JS_AtomToCString(context, properties[i].atom);
      dbuf_putstr(&names, name);
      dbuf_putc(&names, '\n');
      JS_FreeCString(context, name);
      methods[method_count++] = value;
    } else JS_FreeValue(context, value);
  }
  for (uint32_t i = 0; i < count; i++) JS_FreeAtom(context, properties[i].atom);
  js_free(context, properties);
  JS_FreeValue(context, namespace);
  dbuf_putc(&names, 0);
  return (char *)names.buf;
}

EXPORT(prep_alloc) void *prep_alloc(size_t size) { return malloc(size); }

/* `source` is NUL-terminated, `length` without the NUL, in a block of prep_alloc that this call frees.
   Returns the methods' names, NUL-terminated, one a line; fails through panic_utf8. */
EXPORT(prep_eval) char *prep_eval(char *source, size_t length) {
  preparing = 1;
  if (strlen(source) != length) panic_text("the bundle contains a NUL character");
  create_context();
  add_env(context, source);
  char *names = collect_methods(evaluate_module(source, length));
  /* No parser at run time: `eval` and `new Function` throw a TypeError instead of reaching its empty body. */
  context->eval_internal = NULL;
  JS_RunGC(JS_GetRuntime(context));
  free(source);
  forget_free_blocks();
  preparing = 0;
  return names;
}

/* The imports a contract of this bundle needs, NUL-terminated, one a line, in the module's order of imports. */
EXPORT(prep_imports) char *prep_imports(void) {
  DynBuf names;
  dbuf_init2(&names, NULL, NULL);
#define LINE(name, ...) dbuf_putstr(&names, #name "\n");
  DIRECT_HOST_FUNCTIONS(LINE)
#undef LINE
  for (int row = 0; row < countof(host_functions); row++) {
    if (!host_mentioned[row]) continue;
    dbuf_putstr(&names, host_functions[row].name);
    dbuf_putc(&names, '\n');
  }
  dbuf_putc(&names, 0);
  return (char *)names.buf;
}
