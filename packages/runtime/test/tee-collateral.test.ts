// TDX collateral from Intel's service, a PCCS and files, against stand-ins that answer as they do.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TdxCollateral, verifyTdxQuote } from '@dcml/attestation'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findVector } from '../../../test/vectors.ts'
import { collateralFile, collateralService } from '../src/index.ts'
import { pckIdentity } from '../src/tee/tdx/pck.ts'
import { simulator } from './harness.ts'

const imageH = new Uint8Array(32).fill(3)
const mint = (reportData: Uint8Array): Uint8Array => simulator.mintQuote({ reportData, imageH })
const data = (seed: number): Uint8Array => new Uint8Array(64).fill(seed)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-collateral-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Intel's service (or a PCCS) as it answers for one platform. */
function intel(given: TdxCollateral, options: { pccs?: boolean; break?: string } = {}) {
  const asked: string[] = []
  const answer = (body: string | Buffer<ArrayBuffer>, header?: string, chain = ''): Response =>
    new Response(body, { headers: header ? { [header]: encodeURIComponent(chain) } : {} })
  const fetch = async (input: unknown): Promise<Response> => {
    const url = new URL(String(input))
    asked.push(url.pathname + url.search)
    const part = url.pathname.split('/').at(-1)
    if (options.break === part) return new Response('', { status: 404 })
    if (part === 'pckcrl')
      return answer(Buffer.from(given.pck_crl, 'hex'), 'SGX-PCK-CRL-Issuer-Chain', given.pck_crl_issuer_chain)
    if (part === 'IntelSGXRootCA.der') return answer(Buffer.from(given.root_ca_crl, 'hex'))
    if (part === 'rootcacrl') return answer(given.root_ca_crl.toUpperCase())
    if (part === 'tcb')
      return answer(
        `{"tcbInfo":${given.tcb_info},"signature":"${given.tcb_info_signature}"}`,
        options.pccs ? 'SGX-TCB-Info-Issuer-Chain' : 'TCB-Info-Issuer-Chain',
        given.tcb_info_issuer_chain,
      )
    return answer(
      `{"enclaveIdentity":${given.qe_identity},"signature":"${given.qe_identity_signature}"}`,
      'SGX-Enclave-Identity-Issuer-Chain',
      given.qe_identity_issuer_chain,
    )
  }
  return { fetch: fetch as typeof globalThis.fetch, asked }
}

describe('collateral', () => {
  test('is put together from Intel’s answers byte for byte', async () => {
    const given = simulator.collateral()
    const quote = mint(data(1))
    const { fmspc, ca } = pckIdentity(quote)
    for (const url of [undefined, 'https://pccs.example:8081']) {
      const service = intel(given, { pccs: url !== undefined })
      const source = collateralService({ fetch: service.fetch, ...(url && { url }) })
      expect(await source.ask(quote)).toEqual(given)
      expect(service.asked.toSorted()).toEqual(
        [
          `/sgx/certification/v4/pckcrl?ca=${ca}&encoding=der`,
          url ? '/sgx/certification/v4/rootcacrl' : '/IntelSGXRootCA.der',
          '/tdx/certification/v4/qe/identity',
          `/tdx/certification/v4/tcb?fmspc=${fmspc}`,
        ].toSorted(),
      )
    }
  })

  test('of a real platform survives the way, and its quote still verifies', async (context) => {
    const quote = findVector('attestation/tdx/v4-uptodate-2025-06/quote.bin')
    const json = findVector('attestation/tdx/v4-uptodate-2025-06/collateral.json')
    if (quote === undefined || json === undefined) return context.skip()
    const given = JSON.parse(new TextDecoder().decode(json)) as TdxCollateral
    const assembled = await collateralService({ fetch: intel(given).fetch }).ask(quote)
    expect(assembled).toEqual(given)
    const verdict = await verifyTdxQuote({ quote, collateral: assembled, now: new Date('2025-07-01') })
    expect(verdict.ok).toBe(true)
  })

  test('that is refused or incomplete is unavailable', async () => {
    for (const part of ['pckcrl', 'IntelSGXRootCA.der', 'tcb', 'identity'])
      await expect(
        collateralService({ fetch: intel(simulator.collateral(), { break: part }).fetch }).ask(mint(data(1))),
      ).rejects.toMatchObject({ code: 'tee_collateral_unavailable' })
    const unsigned = { ...simulator.collateral(), tcb_info: '{"x":1}}' }
    await expect(collateralService({ fetch: intel(unsigned).fetch }).ask(mint(data(1)))).rejects.toMatchObject({
      code: 'tee_collateral_unavailable',
    })
    await expect(collateralService({ fetch: intel(unsigned).fetch }).ask(new Uint8Array(600))).rejects.toMatchObject({
      code: 'tee_quote_unreadable',
    })
  })

  test('comes from a file or from a folder by FMSPC, read anew each time', async () => {
    const quote = mint(data(1))
    const { fmspc } = pckIdentity(quote)
    const given = simulator.collateral()
    const file = join(folder, `${fmspc}.json`)
    await expect(collateralFile(folder).ask(quote)).rejects.toMatchObject({ code: 'tee_collateral_unavailable' })
    await writeFile(file, JSON.stringify({ ...given, tcb_info: undefined }))
    await expect(collateralFile(file).ask(quote)).rejects.toMatchObject({
      message: expect.stringContaining('tcb_info'),
    })
    await writeFile(file, JSON.stringify(given))
    expect(await collateralFile(folder).ask(quote)).toEqual(given)
    expect(await collateralFile(file).ask(quote)).toEqual(given)
  })
})
