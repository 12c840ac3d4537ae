import { toHex } from '@dcml/protocol'

const NEAR = '/v1/attestation/report'
/** Where NEAR AI Cloud answers, the one service whose evidence is behind a key. */
const NEAR_HOST = 'cloud-api.near.ai'
const TINFOIL = '/.well-known/tinfoil-attestation'

/** What a question to a service may say beside its address. */
export interface Question {
  readonly nonce: Uint8Array
  readonly model?: string
}

/**
 * The addresses to ask: the one that was given, with a nonce where its service takes one, or where it names no path, those
 * that services are known to answer at, the likeliest first.
 */
export function questionsFor(target: URL, question: Question): URL[] {
  const paths = target.pathname === '/' ? [TINFOIL, NEAR] : [target.pathname]
  return paths.map((path) => {
    const url = new URL(target)
    url.pathname = path
    // a nonce in an address may be anybody's
    for (const [name, value] of Object.entries(parameters(path, question)))
      if (name === 'nonce' || !url.searchParams.has(name)) url.searchParams.set(name, value)
    return url
  })
}

/** What each service wants to be told, so that its quote names this question and its TLS key. */
function parameters(path: string, { nonce, model }: Question): Record<string, string> {
  if (path.endsWith(TINFOIL)) return { nonce: toHex(nonce) }
  if (!path.endsWith(NEAR)) return {}
  return {
    nonce: toHex(nonce),
    signing_algo: 'ed25519',
    include_tls_fingerprint: 'true',
    ...(model !== undefined && { model }),
  }
}

/**
 * The API key to send to an address: `KEY@HOST` is for that host alone, a bare one for NEAR AI Cloud. Whoever's evidence
 * is judged must not get the key to another service.
 */
export function apiKeyFor({ hostname }: URL, given: string | undefined): string | undefined {
  const [, key = given, host = NEAR_HOST] = /^(.+)@([^@]+)$/.exec(given ?? '') ?? []
  return host === hostname ? key : undefined
}

/** Whether an address takes a nonce, so that one in the answer can be compared. */
export const takesNonce = ({ pathname }: URL): boolean => pathname.endsWith(TINFOIL) || pathname.endsWith(NEAR)
