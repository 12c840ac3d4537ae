/* Run time: one call of one method. */

EXPORT(invoke) void invoke(uint32_t index) {
  if (index >= method_count) __builtin_trap();
  JSValue result = JS_Call(context, methods[index], JS_UNDEFINED, 0, NULL);
  if (JS_IsException(result)) panic_with_exception();
  drain_jobs();
  /* NEAR cannot wait: a method whose promise is still open has not done its work. */
  if (JS_PromiseState(context, result) == JS_PROMISE_PENDING) panic_text("the method's promise never settled");
}
