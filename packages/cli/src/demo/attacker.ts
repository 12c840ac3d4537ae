// Tools of somebody who speaks the protocol himself, past the client that would not let him.
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { development } from '@dcml/attestation'
import { PAYMENT_CALLS, readWire, wire } from '@dcml/channels'
import { createClient } from '@dcml/client'
import { type LightClientState, parseTrustRoot } from '@dcml/light-client'
import { accountFromKey } from '@dcml/near'
import { DcmlError, fromBase64url, type Signer } from '@dcml/protocol'
import { createSimulator } from '@dcml/tee-simulator'
import { accountOf, type Party } from './near.ts'
import type { Host, Story } from './story.ts'

/** What an enclave said. */
export interface Said {
  readonly status: number
  readonly json: Record<string, unknown>
}

/** One call to an enclave, over a verified connection. */
export async function ask({ manifest }: Story, to: Host, path: string, body?: object, headers = {}): Promise<Said> {
  const { rootPem } = await createSimulator()
  const policy = development({ imageH: [manifest.imageH] })
  const client = createClient({ endpoint: `https://${to.address}`, policy, roots: [rootPem] })
  try {
    const init = { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }
    const response = await client.fetch(path, body === undefined ? {} : { method: 'POST', ...init })
    return { status: response.status, json: (await response.json()) as Said['json'] }
  } finally {
    client.close()
  }
}

/** @throws where the enclave did not refuse, or for another reason than meant */
export function expectRefused({ status, json }: Said, code: string | RegExp): void {
  const { code: said } = (json.error ?? { code: `status ${status}` }) as { code: string }
  if (typeof code === 'string' ? said !== code : !code.test(said)) throw new Error(`answered ${said}, not ${code}`)
}

/** @throws where the call was not refused, or for another reason than meant */
export async function expectThrown(act: () => Promise<unknown>, reason: RegExp): Promise<void> {
  try {
    await act()
  } catch (error) {
    const said = DcmlError.isInstance(error) ? `${error.code} ${error.message}` : String(error)
    if (reason.test(said)) return
    throw new Error(`refused with "${said}", not ${reason}`)
  }
  throw new Error('the attack was not refused')
}

/** Where an enclave's light client stands. */
export async function headOf(story: Story, to: Host): Promise<LightClientState> {
  return parseTrustRoot(readWire(wire.lightClient, (await ask(story, to, PAYMENT_CALLS.lightClient)).json).state)
}

const ed25519 = (secret: KeyObject, publicKey: Uint8Array): Signer => ({
  publicKey,
  sign: (message) => Uint8Array.from(sign(null, message, secret)),
})

/** The key that a channel's file has beside it. */
export async function channelSigner(story: Story, party: Party, file: string): Promise<Signer> {
  const { d, x } = JSON.parse(await readFile(join(await story.stage.folder(party), `${file}.key`), 'utf8'))
  return ed25519(createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' }), fromBase64url(x))
}

/** A key that no enclave ever had. */
export function freshSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return ed25519(privateKey, fromBase64url(publicKey.export({ format: 'jwk' }).x!))
}

/** A party's account, to call contracts as it likes. */
export async function accountIn({ stage }: Story, party: Party) {
  const key = await readFile(join(await stage.folder(party), 'near.key'), 'utf8')
  return accountFromKey(accountOf(party), key)
}
