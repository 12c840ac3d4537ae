// The port for browsers (design note §5.3): two calls, and behind them, sealed, those of the attested port.
import {
  CHANNEL_ATTEST_PATH,
  type ChannelProof,
  type ChannelRequest,
  ChannelSessions,
  MAX_CHANNEL_REQUEST_BYTES,
  parseChannelRequest,
} from '@dcml/attestation'
import { DcmlError, fromBase64url } from '@dcml/protocol'
import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Hono } from 'hono'
import { createApp, type RequestLine } from '../api/app.ts'
import { readBody } from '../api/body.ts'
import { inProcess } from '../api/in-process.ts'
import { clientGone } from '../api/lifetime.ts'
import type { Limits } from '../limits.ts'
import { Forgetting } from './forgetting.ts'
import { onlyFrom } from './origins.ts'
import { relay } from './relay.ts'
import { Room } from './room.ts'
import { Throttle } from './throttle.ts'

export interface BrowserAppOptions {
  readonly origins: ReadonlySet<string>
  /** The app of the attested port. */
  readonly app: Hono<{ Bindings: HttpBindings }>
  /** Has evidence made for a session. @throws DcmlError `quote_busy`, `quote_failed` */
  readonly prove: (
    session: ChannelRequest & { readonly hpkeKey: Uint8Array },
    options: { readonly signal: AbortSignal },
  ) => Promise<ChannelProof>
  readonly limits: Limits
  readonly clock: () => number
  readonly observe: (line: RequestLine) => void
  /** Throws where no session may be opened any more. */
  readonly requireOpen: () => void
}

/** Beside the body: preface, head, and what each record of 64 KiB adds. */
const sealedLength = (maxBodyBytes: number): number => maxBodyBytes + 20 * Math.ceil(maxBodyBytes / 65_536) + 70_000

/** Of the longest bodies, how many may be read at once. */
const LONG_BODIES = 32

/** Everything that the browsers' port serves. */
export function browserApp(options: BrowserAppOptions): Hono<{ Bindings: HttpBindings }> {
  const { limits, clock } = options
  const sessions = new ChannelSessions({ clock, maxSessions: limits.maxBrowserSessions })
  const forgetting = new Forgetting(sessions)
  const longest = sealedLength(limits.maxBodyBytes)
  const room = new Room(LONG_BODIES * longest)
  const throttle = new Throttle(limits.browserSessionsPerSecond, clock)
  const call = inProcess(options.app.fetch)
  const app = createApp(options.observe)
  const guard = onlyFrom(options.origins)
  const SESSION = '/dcml/v1/channel/:session{[\\w-]{22}}'

  app.on(['POST', 'OPTIONS'], CHANNEL_ATTEST_PATH, guard, async (c) => {
    options.requireOpen()
    throttle.pass()
    const gone = new AbortController()
    c.env.outgoing.once('close', () => gone.abort(clientGone()))
    const request = parseChannelRequest(await readBody(c.env.incoming, MAX_CHANNEL_REQUEST_BYTES))
    const answer = await sessions.attest(request, (session) => options.prove(session, gone))
    forgetting.begin()
    return c.json(answer, 200, { 'cache-control': 'no-store' })
  })
  app.on(['POST', 'OPTIONS'], SESSION, guard, async (c) => {
    const { incoming, outgoing } = c.env
    const session = fromBase64url(c.req.param('session'))
    // before a byte of the body is kept
    sessions.require(session)
    const request = await room.during(async (take) => sessions.open(session, await readBody(incoming, longest, take)))
    for (const [name, value] of c.res.headers) outgoing.setHeader(name, value)
    await relay(request, outgoing, { call, stallMs: limits.stallMs })
    return RESPONSE_ALREADY_SENT
  })
  app.all('*', () => {
    throw new DcmlError('route_not_found', 'This port carries the sealed channel of browsers, and nothing else.', {
      hint: 'Give its origin as endpoint to createClient of @dcml/client/browser.',
    })
  })
  return app
}
