/* The JavaScript world of a contract: no parser after the snapshot, no randomness, no garbage collector. */

static void *engine_malloc(JSMallocState *state, size_t size) { return malloc(size); }
static void engine_free(JSMallocState *state, void *block) { free(block); }
static size_t engine_usable_size(const void *block) { return malloc_usable_size((void *)block); }
static void *engine_realloc(JSMallocState *state, void *block, size_t size) {
  if (size) return realloc(block, size);
  free(block);
  return NULL;
}

static const JSMallocFunctions engine_allocator = {engine_malloc, engine_free, engine_realloc, engine_usable_size};

static JSValue js_no_random(JSContext *context, JSValueConst self, int argc, JSValueConst *argv) {
  return JS_ThrowTypeError(context, "Math.random would give the same numbers in every call; use env.random_seed");
}

static void replace_random(JSContext *context) {
  JSValue global = JS_GetGlobalObject(context), math = JS_GetPropertyStr(context, global, "Math");
  JS_SetPropertyStr(context, math, "random", JS_NewCFunction(context, js_no_random, "random", 0));
  JS_FreeValue(context, math);
  JS_FreeValue(context, global);
}

static void create_context(void) {
  JSRuntime *runtime = JS_NewRuntime2(&engine_allocator, NULL);
  /* A call ends long before garbage matters, and memory is not what NEAR charges for. */
  JS_SetGCThreshold(runtime, (size_t)-1);
  JS_SetStripInfo(runtime, JS_STRIP_DEBUG);
  JS_SetHostPromiseRejectionTracker(runtime, on_rejection, NULL);
  context = JS_NewContextRaw(runtime);
  JS_AddIntrinsicBaseObjects(context);
  JS_AddIntrinsicDate(context);
  JS_AddIntrinsicEval(context);
  JS_AddIntrinsicRegExp(context);
  JS_AddIntrinsicJSON(context);
  JS_AddIntrinsicProxy(context);
  JS_AddIntrinsicMapSet(context);
  JS_AddIntrinsicTypedArrays(context);
  JS_AddIntrinsicPromise(context);
  replace_random(context);
}

/* Run what promises have queued; fail if one was rejected and nobody caught it. */
static void drain_jobs(void) {
  JSContext *job_context;
  int status;
  while ((status = JS_ExecutePendingJob(JS_GetRuntime(context), &job_context)) > 0);
  if (status < 0) panic_with_exception();
  if (unhandled_rejections) panic_with(first_rejection);
}
