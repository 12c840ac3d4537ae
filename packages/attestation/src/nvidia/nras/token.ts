import * as v from 'valibot'
import { Refusal } from '../../x509/der.ts'

/** Longest stapled verdict, in characters. */
export const MAX_NRAS_CHARACTERS = 131_072

const token = v.pipe(v.string(), v.maxLength(16_384), v.regex(/^[\w-]+\.[\w-]+\.[\w-]+$/, 'not a compact JWS'))
const deviceName = v.pipe(v.string(), v.regex(/^(GPU|SWITCH)-\d{1,2}$/))

/** `[["JWT", overall], {"GPU-0": token, ...}]`, a detached EAT bundle (draft-ietf-rats-eat). */
const answer = v.strictTuple([v.strictTuple([v.literal('JWT'), token]), v.record(deviceName, token)])
const key = v.object({
  kid: v.pipe(v.string(), v.maxLength(128)),
  x5c: v.pipe(v.array(v.pipe(v.string(), v.maxLength(8192))), v.minLength(1), v.maxLength(4)),
})
const stapled = v.strictObject({
  answer,
  jwks: v.object({ keys: v.pipe(v.array(key), v.minLength(1), v.maxLength(64)) }),
})

/**
 * What is stapled as `nras`: the answer of the service, and its key set (`/.well-known/jwks.json`) of that day, of which
 * the keys that signed are enough.
 */
export type StapledVerdict = v.InferOutput<typeof stapled>

/** @throws Refusal */
export function readStapledVerdict(text: string): StapledVerdict {
  if (text.length > MAX_NRAS_CHARACTERS) throw new Refusal(`above ${MAX_NRAS_CHARACTERS} characters`)
  return readAs(stapled, text)
}

const seconds = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const common = {
  iss: v.string(),
  eat_nonce: v.pipe(v.string(), v.regex(/^[0-9a-fA-F]{64}$/), v.toLowerCase()),
  iat: seconds,
  nbf: seconds,
  exp: seconds,
}
const overall = v.object({
  ...common,
  'x-nvidia-overall-att-result': v.boolean(),
  submods: v.record(
    deviceName,
    v.strictTuple([v.literal('DIGEST'), v.strictTuple([v.literal('SHA-256'), v.pipe(v.string(), v.toLowerCase())])]),
  ),
})
const device = v.object({
  ...common,
  /** Serial number of the leaf of the device, in decimal. */
  ueid: v.pipe(v.string(), v.regex(/^\d{1,60}$/)),
  measres: v.string(),
  // Left out, or null, where NVIDIA could not tell.
  secboot: v.nullish(v.boolean()),
  dbgstat: v.nullish(v.string()),
})

export type OverallClaims = v.InferOutput<typeof overall>
export type DeviceClaims = v.InferOutput<typeof device>

/** @throws Refusal */
export const readOverallClaims = (json: string): OverallClaims => readAs(overall, json)

/** @throws Refusal */
export const readDeviceClaims = (json: string): DeviceClaims => readAs(device, json)

function readAs<T>(schema: v.GenericSchema<unknown, T>, text: string): T {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new Refusal('not JSON')
  }
  const parsed = v.safeParse(schema, json, { abortEarly: true })
  if (parsed.success) return parsed.output
  throw new Refusal(`${v.getDotPath(parsed.issues[0]) ?? 'it'}: ${parsed.issues[0].message}`)
}
