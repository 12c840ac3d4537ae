// False green lights: evidence that is genuine, and says nothing about what it is shown for.

import { toHex, utf8 } from '@dcml/protocol'
import { describe, expect, test } from 'vitest'
import { encodeClaims } from '../src/evidence/claims.ts'
import { evidenceToJson, imageH, type Purpose, reportData } from '../src/index.ts'
import { type Judgement, judge, recognise } from '../src/services.ts'
import { failed, gpus, hash, judgeText, nonce, now, options, simulator, tlsSpki } from './services-world.ts'

const other = hash('sha256', utf8('other'))
const statusOf = ({ checks }: Judgement, name: string) => checks.find((check) => check.name === name)?.status

const manifest = utf8(
  JSON.stringify({ v: 1, name: 'x', image: `sha256:${'0'.repeat(64)}`, command: ['x'], env: {}, models: 'any' }),
)

/** Evidence of one of our enclaves, JSON. */
async function enclave(purpose: Purpose) {
  const claims = encodeClaims({
    purpose,
    nonce: other,
    tlsSpki,
    hpkeKey: other,
    sessionKey: other,
    imageH: imageH(manifest),
    boot: other,
    iat: now.getTime(),
  })
  const cpu = await simulator.createTee({ imageH: imageH(manifest) }).quote(reportData(purpose, claims))
  return evidenceToJson({ claims, cpu, gpu: [], manifest })
}

describe('a thief serves genuine evidence of another machine', async () => {
  const quote = simulator.mintQuote({ reportData: new Uint8Array(64), imageH: new Uint8Array(32) })
  const report = await simulator.createTee({ imageH: new Uint8Array(32), tee: 'snp' }).quote(new Uint8Array(64))
  const { list } = await gpus(1)

  test.each<[string, unknown]>([
    ['a bare TDX quote', toHex(quote)],
    ['a bare SEV-SNP report', report.tee === 'snp' && toHex(report.report)],
    ['evidence of GPUs', list],
    ['evidence of an enclave for a browser', await enclave('browser')],
    ['evidence of an enclave', await enclave('session')],
  ])('%s is refused on a connection that it does not name', async (_, answer) => {
    const judgement = await judgeText(answer, { connection: { tlsSpki: other } })
    expect(judgement.verdict).toBe('refused')
    expect(failed(judgement)).toContain('service_tls_key')
  })

  test('an enclave for a browser holds on the connection that it names', async () => {
    expect(failed(await judgeText(await enclave('browser'), { connection: { tlsSpki } }))).toEqual([])
  })
})

describe('a nonce', () => {
  test('that was sent has to be in a bare quote', async () => {
    const of = async (data: Uint8Array) =>
      judge(recognise(simulator.mintQuote({ reportData: data, imageH: new Uint8Array(32) }))!, {
        ...options,
        connection: { nonce },
      })
    const zeros = new Uint8Array(32)
    expect(failed(await of(Uint8Array.from([...zeros, ...nonce])))).toEqual([])
    expect(failed(await of(Uint8Array.from([...nonce, ...zeros])))).toEqual([])
    expect(failed(await of(Uint8Array.from([...other, ...zeros])))).toEqual(['service_nonce'])
  })

  test('that the collector of GPU evidence names itself is not shown as asked for', async () => {
    const { list } = await gpus(1)
    expect(statusOf(await judgeText(list), 'gpu_nonce')).toBe('skipped')
    expect(statusOf(await judgeText(list, { connection: { nonce } }), 'gpu_nonce')).toBe('pass')
    expect(failed(await judgeText(list, { connection: { nonce: other } }))).toEqual(['gpu_nonce'])
  })
})
