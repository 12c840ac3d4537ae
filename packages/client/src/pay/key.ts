// The channel key: made for one channel, so that channels cannot be linked by it, and needed for nothing but vouchers and
// the request to close.
import { DcmlError, fromBase64url, type Signer } from '@dcml/protocol'
import * as v from 'valibot'

const half = v.pipe(v.string(), v.regex(/^[\w-]{43}$/))
/** RFC 8037, the two members that matter. */
const schema = v.object({ d: half, x: half })

/** Makes a key, as the text that stores keep. */
export async function createChannelKey(): Promise<string> {
  const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
  // an algorithm of signatures makes pairs; the types do not say so for this name
  const { privateKey } = pair as { privateKey: Parameters<typeof crypto.subtle.exportKey>[1] }
  const { d, x } = v.parse(schema, await crypto.subtle.exportKey('jwk', privateKey))
  return JSON.stringify({ d, x })
}

/** Reads what {@link createChannelKey} made. @throws DcmlError `channel_key_invalid`, without the key */
export async function readChannelKey(text: string): Promise<Signer> {
  try {
    const { d, x } = v.parse(schema, JSON.parse(text))
    const jwk = { kty: 'OKP', crv: 'Ed25519', d, x }
    const key = await crypto.subtle.importKey('jwk', jwk, 'Ed25519', false, ['sign'])
    return {
      publicKey: fromBase64url(x),
      sign: async (message) => new Uint8Array(await crypto.subtle.sign('Ed25519', key, Uint8Array.from(message))),
    }
  } catch {
    throw new DcmlError('channel_key_invalid', 'The channel key cannot be read.', {
      hint: 'Give the key that was kept beside this channel.',
    })
  }
}
