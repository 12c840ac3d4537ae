// Reference measurements (RIM) as one kind of signed statement: XML texts, one for each version of driver and firmware.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { utf8 } from '@dcml/protocol'
import * as v from 'valibot'
import { disagree, unavailable } from '../collateral/fault.ts'
import { ask, type Fetch } from '../collateral/http.ts'
import type { Kind, Source } from '../collateral/source.ts'
import { certificateWindow, overlap } from '../collateral/window.ts'

/** Finds the RIM of an id such as `NV_GPU_DRIVER_GH100_550.144.03`. */
export type RimSource = Source<string, string>

const ID = /^NV_[A-Za-z0-9_.-]{1,120}$/

const rims: Kind<string, string> = {
  name: (id) => `RIM ${id}`,
  window: (xml) => overlap(rimCertificates(xml).map(certificateWindow)),
  // who signed it is judged by verifiers, who read it strictly
  check(xml, id) {
    if (!xml.includes('SoftwareIdentity') || rimCertificates(xml).length === 0)
      throw unavailable(`what was found as ${id} is no signed RIM`)
  },
  newer(one, other) {
    if (one !== other) throw disagree('rim', 'RIMs of one id have one text')
    return one
  },
  encode: (xml) => utf8(xml),
  decode: (bytes) => new TextDecoder().decode(bytes),
}

/** DER of the certificates in a RIM's signature, leaf first. */
export const rimCertificates = (xml: string): Uint8Array[] =>
  [...xml.matchAll(/<(?:\w+:)?X509Certificate>([\w+/=\s]{1,8192})</g)].map(([, base64]) =>
    Uint8Array.from(Buffer.from(base64!, 'base64')),
  )

/**
 * RIMs from a function of your own.
 * @param name for logs
 */
export const rimSource = (name: string, ask: (id: string) => Promise<string>): RimSource => ({ name, kind: rims, ask })

/** RIMs that a job of the node keeps in a folder: `<id>.swidtag`, as NVIDIA's tools name them. */
export const rimFolder = (folder: string): RimSource =>
  rimSource(folder, async (id) => {
    const file = join(folder, `${requireId(id)}.swidtag`)
    return readFile(file, 'utf8').catch((cause: unknown) => {
      throw unavailable(`${file} cannot be read`, cause)
    })
  })

const NVIDIA = 'https://rim.attestation.nvidia.com'
const schema = v.looseObject({
  id: v.string(),
  rim: v.pipe(v.string(), v.maxLength(1_048_576), v.base64()),
  sha256: v.optional(v.string()),
})

/**
 * NVIDIA's RIM service or a mirror of it (`/v1/rim/<id>`), asked for with every question: put `keepFresh` around it.
 * @param options.serviceKey NVIDIA's key for those who have one; goes out as bearer token
 */
export function rimService(options: { url?: string; fetch?: Fetch; serviceKey?: string } = {}): RimSource {
  const { url = NVIDIA, fetch = globalThis.fetch, serviceKey } = options
  const headers = serviceKey === undefined ? {} : { headers: { authorization: `Bearer ${serviceKey}` } }
  return rimSource(new URL(url).host, async (id) => {
    const answer = await ask(fetch, `${url}/v1/rim/${requireId(id)}`, headers)
    const parsed = v.safeParse(schema, parseJson(answer.body, answer.url), { abortEarly: true })
    if (!parsed.success || parsed.output.id !== id) throw unavailable(`${answer.url} gave no RIM of that id`)
    const { rim, sha256 } = parsed.output
    const xml = Buffer.from(rim, 'base64')
    const hash = createHash('sha256').update(xml).digest()
    if (sha256 !== undefined && ![hash.toString('hex'), hash.toString('base64')].includes(sha256))
      throw unavailable(`${answer.url} gave a RIM that is not of the digest it names`)
    return xml.toString('utf8')
  })
}

function parseJson(body: Uint8Array, url: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch (cause) {
    throw unavailable(`${url} gave no JSON`, cause)
  }
}

/** Ids are made of what a device reported, and become paths. */
function requireId(id: string): string {
  if (!ID.test(id)) throw unavailable('a device has a version that names no RIM')
  return id
}
