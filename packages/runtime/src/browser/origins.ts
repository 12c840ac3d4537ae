// Which pages may use the channel (Fetch standard, CORS). It guards nothing of the enclave's: it keeps pages that the host
// does not know from spending its time.
import { DcmlError } from '@dcml/protocol'
import type { MiddlewareHandler } from 'hono'

/** @throws DcmlError `browser_options_invalid` */
export function checkOrigins(origins: readonly string[]): ReadonlySet<string> {
  const wrong = origins.find((origin) => URL.parse(origin)?.origin !== origin)
  if (wrong === undefined && origins.length > 0) return new Set(origins)
  throw new DcmlError(
    'browser_options_invalid',
    wrong === undefined ? 'No origin may use the browser channel.' : `"${wrong}" is no origin.`,
    { hint: 'Write each as browsers do: https://chat.example, without a path or a slash at the end.' },
  )
}

/** Answers preflights, and lets pages of these origins alone pass. */
export function onlyFrom(origins: ReadonlySet<string>): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header('origin')
    c.header('vary', 'origin')
    if (origin === undefined || !origins.has(origin)) throw originRefused()
    c.header('access-control-allow-origin', origin)
    if (c.req.method !== 'OPTIONS') return next()
    c.header('access-control-allow-methods', 'POST')
    c.header('access-control-allow-headers', 'content-type')
    c.header('access-control-max-age', '7200')
    return c.body(null, 204)
  }
}

const originRefused = (): DcmlError =>
  new DcmlError('origin_refused', 'Pages of this origin may not use the channel.', {
    hint: 'The host names the origins that may, with --browser-origin.',
  })
