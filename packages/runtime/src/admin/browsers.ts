// The admin port trusts whoever reaches it. A browser on the host reaches it too, on behalf of any page it shows.
import { isIP } from 'node:net'
import { DcmlError } from '@dcml/protocol'
import type { MiddlewareHandler } from 'hono'

/**
 * Refuses what a web page could have sent. A page whose own name was rebound to this address gives that name as host,
 * so hosts are addresses, `localhost` or `ownName`; a form or a simple `fetch` of another origin cannot send JSON as
 * such without asking first (Fetch standard, CORS-safelisted request-header), and asking is answered with a 404.
 */
export function refuseBrowsers(ownName: string): MiddlewareHandler {
  const accepted = (name: string): boolean =>
    name === 'localhost' || name === ownName || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0
  return async (c, next) => {
    const { hostname } = URL.parse(`http://${c.req.header('host')}`) ?? {}
    if (hostname === undefined || !accepted(hostname)) throw hostRefused()
    if (c.req.method === 'POST' && !/^application\/json(?:\s*;|$)/i.test(c.req.header('content-type') ?? ''))
      throw notJson()
    await next()
  }
}

const hostRefused = (): DcmlError =>
  new DcmlError('admin_host_refused', 'The admin port is not called by this name.', {
    hint: 'Call it by its address or as localhost.',
  })

const notJson = (): DcmlError =>
  new DcmlError('request_not_json', 'The request does not say that it is JSON.', {
    hint: 'Send the header content-type: application/json.',
  })
