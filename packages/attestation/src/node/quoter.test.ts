import { DcmlError } from '@dcml/protocol'
import { describe, expect, test } from 'vitest'
import { manifest, refusal, simulator } from '../../test/world.ts'
import { type Claims, parseClaims } from '../evidence/claims.ts'
import { parseEvidence } from '../evidence/evidence.ts'
import { gpuEvidenceH, gpuNonce } from '../evidence/gpu.ts'
import { imageH } from '../evidence/manifest.ts'
import type { GpuBackend, GpuEvidence, TeeBackend } from '../tee.ts'
import { Quoter } from './quoter.ts'

const fill = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
const claims: Claims = {
  purpose: 'session',
  nonce: fill(1),
  tlsSpki: fill(2),
  hpkeKey: fill(3),
  sessionKey: fill(4),
  imageH: imageH(manifest()),
  boot: fill(5),
  iat: 0,
}

/** A GPU that says nothing but the nonce it was asked for. */
const echo = async (nonce: Uint8Array): Promise<GpuEvidence[]> => [
  { kind: 'gpu', report: nonce, certificates: 'chain', rims: [], revocations: [fill(9)] },
]

async function quoterWith(evidence: GpuBackend['evidence'], timeoutMs?: number): Promise<Quoter> {
  const cpu = (await simulator()).createTee({ imageH: claims.imageH })
  const tee: TeeBackend = {
    name: 'simulator',
    environment: 'development',
    quote: (data) => cpu.quote(data),
    gpu: { name: 'nvidia', evidence },
  }
  return new Quoter(tee, manifest(), timeoutMs)
}

describe('GPUs', () => {
  test("sign the enclave's keys, and the CPU's quote names what they said", async () => {
    const { claims: bytes, gpu } = parseEvidence(await (await quoterWith(echo)).quote(() => claims))
    expect(gpu.map(({ report }) => report)).toEqual([gpuNonce(claims)])
    expect(parseClaims(bytes)).toEqual({ ...claims, gpuEvidence: gpuEvidenceH(gpu) })
  })

  test('are asked once for each quote, by one caller at a time', async () => {
    let [asked, open, most] = [0, 0, 0]
    const quoter = await quoterWith(async (nonce) => {
      asked++
      most = Math.max(most, ++open)
      await new Promise(setImmediate)
      open--
      return echo(nonce)
    })
    await Promise.all([1, 2, 3].map(() => quoter.quote(() => claims)))
    expect([asked, most]).toEqual([3, 1])
  })

  test('that give nothing are named', async () => {
    const broken = await quoterWith(async () => {
      throw new Error('NVML: driver not loaded')
    })
    expect(await refusal(broken.quote(() => claims))).toMatchObject({
      code: 'quote_failed',
      message: expect.stringContaining('nvidia'),
      retryable: true,
    })
    const own = new DcmlError('gpu_not_confidential', 'Confidential computing is off.', { hint: 'Turn it on.' })
    expect(await refusal((await quoterWith(() => Promise.reject(own))).quote(() => claims))).toBe(own)
  })

  test('that hang do not hold up the callers behind', async () => {
    let hang = true
    const quoter = await quoterWith((nonce) => (hang ? new Promise(() => {}) : echo(nonce)), 20)
    const first = quoter.quote(() => claims)
    const second = quoter.quote(() => {
      hang = false
      return claims
    })
    expect(await refusal(first)).toMatchObject({ code: 'quote_failed', message: expect.stringContaining('nvidia') })
    expect(await second).toMatchObject({ v: 1 })
  })

  test('that take long leave time for those who wait, however often the enclave wants its own evidence', async () => {
    const order: string[] = []
    const quoter = await quoterWith(echo)
    const ask = (name: string, ahead: boolean): Promise<unknown> =>
      quoter.quote(
        () => {
          order.push(name)
          return claims
        },
        { ahead },
      )
    /** Evidence that is old again when it is there. */
    const again = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) await ask('own', true)
    }
    await Promise.all([ask('first', false), ask('second', false), ask('third', false), again(2), again(2)])
    expect(order).toEqual(['first', 'own', 'second', 'own', 'third', 'own', 'own'])
  })
})
