// A machine that dstack started: what its boot code measured, and its guest agent at a unix socket.
import { createServer } from 'node:http'
import { eventDigest, imageH, readDstackLog, replayEventLog } from '@dcml/attestation'
import { concatBytes, fromHex, toHex, utf8 } from '@dcml/protocol'
import { simulator } from './harness.ts'

/** What dstack's boot code measures, in its order, after a firmware of the simulator's, with the registers it leads to. */
export function dstackBoot(composeHash: Uint8Array, keyProvider = '{"name":"none","id":""}') {
  const own = {
    'system-preparing': new Uint8Array(),
    'app-id': composeHash.subarray(0, 20),
    'compose-hash': composeHash,
    'instance-id': new Uint8Array(20).fill(7),
    'boot-mr-done': new Uint8Array(),
    'key-provider': utf8(keyProvider),
    'system-ready': new Uint8Array(),
  }
  const firmware = simulator.createTee({ imageH: composeHash }).snapshot().events
  const events = [
    ...firmware.filter(({ imr }) => imr < 3).map((event) => ({ ...event, type: 4 })),
    ...Object.entries(own).map(([event, payload]) => ({ imr: 3, event, payload, type: 0x0800_0001 })),
  ]
  const log = JSON.stringify(
    events.map(({ imr, event, payload, type }) => ({
      imr,
      event_type: type,
      digest: toHex(eventDigest(event, payload)),
      event,
      event_payload: toHex(payload),
    })),
  )
  const rtmrs = replayEventLog(readDstackLog(log)) as unknown as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  return { log, rtmrs }
}

/** Measurement of the key provider that apps here take. */
export const KEY_PROVIDER = '9a'.repeat(32)

/** MRCONFIGID of an app that pins it: over a document of the host's (form 3). */
function configId(composeHash: string): Uint8Array {
  const document = `{"app_id":"${composeHash.slice(0, 40)}","compose_hash":"${composeHash}","instance_id":"${'07'.repeat(20)}","key_provider":"local","key_provider_id":"${KEY_PROVIDER}","version":3}`
  const digest = imageH(utf8(`dstack-mr-config-v3:\0${document}`))
  return concatBytes(Uint8Array.of(3), digest, new Uint8Array(15))
}

/** The guest agent of a machine that was started from an app-compose text. */
export async function dstackMachine(
  socket: string,
  app_compose: string,
  { appId = '' } = {},
): Promise<AsyncDisposable> {
  const hash = imageH(utf8(app_compose))
  const { log, rtmrs } = dstackBoot(hash, JSON.stringify({ name: 'local-sgx', id: KEY_PROVIDER }))
  const compose_hash = toHex(hash)
  const mrConfigId = configId(compose_hash)
  const answers: Record<string, (body: { report_data: string }) => object> = {
    '/Info': () => ({
      app_id: appId || compose_hash.slice(0, 40),
      compose_hash,
      tcb_info: JSON.stringify({ app_compose, compose_hash }),
    }),
    '/GetQuote': ({ report_data }) => ({
      quote: toHex(simulator.mintQuote({ reportData: fromHex(report_data), imageH: hash, rtmrs, mrConfigId })),
      event_log: log,
    }),
    '/GetKey': () => ({ key: '5e'.repeat(32) }),
  }
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const part of request) text += part
    response.end(JSON.stringify(answers[request.url!]!(JSON.parse(text))))
  })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) }
}
