/** A place in quickjs.c that a contract cannot live with, and what stands there instead. */
export interface Correction {
  readonly why: string
  readonly wrong: string
  readonly right: string
}

/** The bigints are what fuzzing QuickJS 2025-04-26 against V8 found. Each text occurs once. */
export const CORRECTIONS: readonly Correction[] = [
  {
    why: 'BigInt.asUintN gives negative numbers, where the top bit is set or the argument is negative',
    wrong: `        res = __JS_NewShortBigInt(ctx, 0);
    } else if (JS_VALUE_GET_TAG(a) == JS_TAG_SHORT_BIG_INT) {
        /* fast case */
        if (bits >= JS_SHORT_BIG_INT_BITS) {`,
    right: `        res = __JS_NewShortBigInt(ctx, 0);
    } else if (!asIntN) {
        JSBigIntBuf buf;
        JSBigInt *r, *p = JS_VALUE_GET_TAG(a) == JS_TAG_SHORT_BIG_INT ? js_bigint_set_short(&buf, a) : JS_VALUE_GET_PTR(a);
        js_limb_t sign = -(js_limb_t)js_bigint_sign(p);
        if (!sign && bits >= (uint64_t)p->len * JS_LIMB_BITS) return a;
        if (bits > (uint64_t)JS_BIGINT_MAX_SIZE * JS_LIMB_BITS - JS_LIMB_BITS) {
            JS_FreeValue(ctx, a);
            return JS_ThrowRangeError(ctx, "maximum BigInt size exceeded");
        }
        int len = (bits + JS_LIMB_BITS - 1) / JS_LIMB_BITS;
        r = js_bigint_new(ctx, len + 1);
        if (!r) {
            JS_FreeValue(ctx, a);
            return JS_EXCEPTION;
        }
        for (int i = 0; i < len; i++) r->tab[i] = i < p->len ? p->tab[i] : sign;
        r->tab[len - 1] &= (js_limb_t)-1 >> (-bits & (JS_LIMB_BITS - 1));
        r->tab[len] = 0;
        JS_FreeValue(ctx, a);
        res = JS_CompactBigInt(ctx, js_bigint_normalize(ctx, r));
    } else if (JS_VALUE_GET_TAG(a) == JS_TAG_SHORT_BIG_INT) {
        /* fast case */
        if (bits >= JS_SHORT_BIG_INT_BITS) {`,
  },
  {
    why: 'a negative bigint compares the wrong way with a negative number of another magnitude',
    wrong: `            if (f < e)
                return -1;
            else
                return 1;
`,
    right: `            return f < e ? 2 * a_sign - 1 : 1 - 2 * a_sign;
`,
  },
  {
    why: 'toString(8) and toString(32) read a limb behind the bigint into the first digit',
    wrong: '(r->tab[pos + 1] << (JS_LIMB_BITS - shift));',
    right: '((pos + 1 < r->len ? r->tab[pos + 1] : 0) << (JS_LIMB_BITS - shift));',
  },
  {
    why: 'JSON nested thousands deep ends a call as a trap, which a callback cannot catch: a SyntaxError at 500 levels',
    wrong: `static JSValue json_parse_value(JSParseState *s)
{
`,
    right: `static JSValue json_parse_level(JSParseState *s);
static JSValue json_parse_value(JSParseState *s)
{
    static int depth;
    if (depth > 500) {
        js_parse_error(s, "nested too deeply");
        return JS_EXCEPTION;
    }
    depth++;
    JSValue value = json_parse_level(s);
    depth--;
    return value;
}

static JSValue json_parse_level(JSParseState *s)
{
`,
  },
]

/**
 * The source with every correction made.
 * @throws Error if one does not apply exactly once: this is another QuickJS
 */
export function corrected(source: string): string {
  return CORRECTIONS.reduce((text, { why, wrong, right }) => {
    const parts = text.split(wrong)
    if (parts.length !== 2) throw new Error(`${parts.length - 1} places for the correction: ${why}`)
    return parts.join(right)
  }, source)
}
