// What fuzzing found, each once more by itself.
import { fromHex } from '@dcml/protocol'
import { expect, test } from 'vitest'
import { quotes } from '../../../attestation/test/fuzz/targets/world.ts'
import { derValues } from '../../src/tee/collateral/der.ts'
import { collectEvidence } from '../../src/tee/nvidia/nvattest.ts'
import { readCertTable } from '../../src/tee/snp/cert-table.ts'
import { collateralService } from '../../src/tee/tdx/collateral.ts'
import { fetchOf } from './answers.ts'

test('a list of more values than anything has is refused, not taken apart', () => {
  expect(derValues(new Uint8Array(128))).toHaveLength(64)
  const unavailable = expect.objectContaining({ code: 'tee_collateral_unavailable' })
  expect(() => derValues(new Uint8Array(4_000_000))).toThrow(unavailable)
})

test('entries that all name the whole table of a host are not copied', () => {
  const table = new Uint8Array(16_384)
  for (let at = 0; at < 8192; at += 24) {
    table.set(fromHex('c0b406a4a803495297433fb6014cd0ae'), at)
    new DataView(table.buffer).setUint32(at + 20, table.length, true)
  }
  expect(readCertTable(table).ark?.buffer).toBe(table.buffer)
})

test('of many faults in what a tool wrote one is told, and no list of all is made', async () => {
  const output = JSON.stringify({ result_code: 0, evidences: Array.from({ length: 500_000 }, () => 0) })
  const asked = collectEvidence('gpu', new Uint8Array(32), { tool: 'nvattest', run: async () => output })
  await expect(asked).rejects.toMatchObject({
    code: 'gpu_answer_malformed',
    message: expect.stringContaining('evidences.0'),
  })
})

test.each([
  ['a signature that is no hex', { 'tcb?': { body: '{"tcbInfo":{},"signature":"zz"}' } }],
  ['a chain that is not percent-encoded', { pckcrl: { body: '00', headers: { 'sgx-pck-crl-issuer-chain': '%zz' } } }],
])('%s is a fault of the source', async (_, wrong) => {
  const chains = Object.fromEntries(
    ['sgx-pck-crl', 'tcb-info', 'sgx-enclave-identity'].map((name) => [`${name}-issuer-chain`, 'x']),
  )
  const honest = { body: '{"enclaveIdentity":{},"tcbInfo":{},"signature":""}', headers: chains }
  const answers = { pckcrl: honest, rootcacrl: honest, 'tcb?': honest, identity: honest }
  const merged = Object.fromEntries(
    Object.entries(answers).map(([part, answer]) => [part, { ...answer, ...(wrong as Record<string, object>)[part] }]),
  )
  const source = collateralService({ url: 'https://pccs.test', fetch: fetchOf(merged) })
  await expect(source.ask(quotes[0]!)).rejects.toMatchObject({ code: 'tee_collateral_unavailable' })
})

test('a certificate of a GPU that cannot be read is a fault of the tool', async () => {
  const nonce = new Uint8Array(32)
  const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64')
  const certificate = base64('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  const evidences = [{ nonce: '00'.repeat(32), evidence: base64(new Uint8Array(64)), certificate }]
  const asked = collectEvidence('gpu', nonce, {
    tool: 'nvattest',
    run: async () => JSON.stringify({ result_code: 0, evidences }),
  })
  await expect(asked).rejects.toMatchObject({ code: 'gpu_answer_malformed' })
})
