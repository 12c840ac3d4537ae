import { misfit, type Schema } from './types.ts'

/** JSON may spell any character as six. */
const ESCAPED = 6
const QUOTES = 2

/** A schema whose value and JSON are the same thing. */
const same = <T extends string | boolean>(check: (value: unknown) => T) => ({ parse: check, format: check })

/** A well-formed string of at most `max` UTF-16 code units. Storage costs money: always choose a bound. */
export function text(max: number): Schema<string> {
  const check = (value: unknown): string => {
    if (typeof value !== 'string') misfit('a string')
    if (value.length > max) misfit(`at most ${max} characters`)
    // half a surrogate pair has no UTF-8 form: a log with it would abort the call
    if (!value.isWellFormed()) misfit('well-formed text')
    return value
  }
  return { kind: 'text', max, longest: max * ESCAPED + QUOTES, ...same(check) }
}

/** A valid NEAR account id. */
export const accountId: Schema<string> = /* @__PURE__ */ (() => {
  const check = (value: unknown): string =>
    typeof value === 'string' && isAccountId(value) ? value : misfit('an account id')
  return { kind: 'account', longest: 64 * ESCAPED + QUOTES, ...same(check) }
})()

const isAccountId = (id: string): boolean => id.length >= 2 && id.length <= 64 && /^[a-z\d]+([-_.][a-z\d]+)*$/.test(id)

/** True or false. */
export const flag: Schema<boolean> = /* @__PURE__ */ (() => {
  const check = (value: unknown): boolean => (typeof value === 'boolean' ? value : misfit('true or false'))
  return { kind: 'flag', longest: 5, ...same(check) }
})()

/** One of the given words. */
export function choice<const W extends string>(...of: W[]): Schema<W> {
  const check = (value: unknown): W => (of.includes(value as W) ? (value as W) : misfit(`one of ${of.join(', ')}`))
  const longest = of.reduce((most, word) => Math.max(most, word.length), 0) * ESCAPED + QUOTES
  return { kind: 'choice', of, longest, ...same(check) }
}
