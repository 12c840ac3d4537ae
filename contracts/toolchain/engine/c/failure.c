/* How a call fails: panic_utf8 with "message\nstack", the form near-sdk-js' own engine gives. */

static JSContext *context;

/* Reasons of promises rejected with nobody to catch them. A call that leaves one behind has failed. */
static int unhandled_rejections;
static JSValue first_rejection;

static void on_rejection(JSContext *context, JSValueConst promise, JSValueConst reason, JS_BOOL is_handled, void *opaque) {
  if (is_handled) {
    unhandled_rejections--;
    return;
  }
  if (unhandled_rejections++ == 0) first_rejection = JS_DupValue(context, reason);
}

static void append_property(DynBuf *text, JSValueConst object, const char *name, const char *after) {
  JSValue value = JS_GetPropertyStr(context, object, name);
  const char *string = JS_IsString(value) ? JS_ToCString(context, value) : NULL;
  if (string && strcmp(string, "Error")) {
    dbuf_putstr(text, string);
    dbuf_putstr(text, after);
  }
}

static _Noreturn void panic_with(JSValueConst reason) {
  DynBuf text;
  dbuf_init2(&text, NULL, NULL);
  if (JS_IsError(context, reason)) {
    append_property(&text, reason, "name", ": ");
    append_property(&text, reason, "message", "\n");
    append_property(&text, reason, "stack", "");
  } else {
    const char *string = JS_ToCString(context, reason);
    dbuf_putstr(&text, string ? string : "a value without a text form was thrown");
  }
  near_panic_utf8(text.size, (u64)(size_t)text.buf);
  __builtin_trap();
}

static _Noreturn void panic_with_exception(void) { panic_with(JS_GetException(context)); }
