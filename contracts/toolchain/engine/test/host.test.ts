import { describe, expect, test } from 'vitest'
import { createHost, evaluate, type Host, importsOf, modules, prepare, start } from './machine.ts'

/**
 * Every host function a contract can use at protocol 86 (near/nearcore runtime/near-vm-runner/src/imports.rs): its
 * JavaScript arguments and its number of wasm words. u integer, b bytes, a amount in, A amount out; `>` a result.
 */
const table = `
  current_account_id u 1, signer_account_id u 1, signer_account_pk u 1, predecessor_account_id u 1
  refund_to_account_id u 1, chain_id u 1, current_contract_code u 1 >, input u 1
  block_index - 0 >, block_timestamp - 0 >, epoch_height - 0 >, storage_usage - 0 >
  prepaid_gas - 0 >, used_gas - 0 >, account_balance A 1, account_locked_balance A 1, attached_deposit A 1
  validator_stake bA 3, validator_total_stake A 1, random_seed u 1
  sha256 bu 3, keccak256 bu 3, keccak512 bu 3, ripemd160 bu 3, ecrecover bbuuu 7 >
  ed25519_verify bbb 6 >, p256_verify bbb 6 >
  alt_bn128_g1_multiexp bu 3, alt_bn128_g1_sum bu 3, alt_bn128_pairing_check b 2 >
  bls12381_p1_sum bu 3 >, bls12381_p2_sum bu 3 >, bls12381_g1_multiexp bu 3 >, bls12381_g2_multiexp bu 3 >
  bls12381_map_fp_to_g1 bu 3 >, bls12381_map_fp2_to_g2 bu 3 >, bls12381_p1_decompress bu 3 >
  bls12381_p2_decompress bu 3 >, bls12381_pairing_check b 2 >
  value_return b 2, panic - 0, panic_utf8 b 2, log_utf8 b 2, log_utf16 b 2
  storage_write bbu 5 >, storage_read bu 3 >, storage_remove bu 3 >, storage_has_key b 2 >
  promise_create bbbau 8 >, promise_then ubbbau 9 >, promise_batch_create b 2 >, promise_batch_then ub 3 >
  promise_set_refund_to ub 3, promise_return u 1, promise_results_count - 0 >, promise_result uu 2 >
  promise_batch_action_create_account u 1, promise_batch_action_deploy_contract ub 3
  promise_batch_action_function_call ubbau 7, promise_batch_action_function_call_weight ubbauu 8
  promise_batch_action_transfer ua 2, promise_batch_action_stake uab 4
  promise_batch_action_add_key_with_full_access ubu 4, promise_batch_action_add_key_with_function_call ubuabb 9
  promise_batch_action_delete_key ub 3, promise_batch_action_delete_account ub 3
  promise_batch_action_deploy_global_contract ub 3, promise_batch_action_deploy_global_contract_by_account_id ub 3
  promise_batch_action_use_global_contract ub 3, promise_batch_action_use_global_contract_by_account_id ub 3
  promise_batch_action_state_init uba 4 >, promise_batch_action_state_init_by_account_id uba 4 >
  set_state_init_data_entry uubb 6, promise_batch_action_transfer_to_gas_key uba 4
  promise_batch_action_add_gas_key_with_full_access ubu 4, promise_batch_action_add_gas_key_with_function_call ubuabb 9
  promise_yield_create bbuuu 7 >, promise_yield_create_with_id bbauub 9 >
  promise_yield_resume bb 4 >, promise_yield_resume_with_yield_id bb 4 >`

const rows = table
  .split(/,|\n/)
  .map((row) => row.trim().split(' '))
  .filter(([name]) => name)
  .map(([name, letters, words, result]) => ({
    name: name!,
    letters: letters!.replace('-', ''),
    words: Number(words),
    hasResult: result === '>',
  }))

type Row = (typeof rows)[number]

const AMOUNT = 2n ** 127n + 2n ** 64n + 5n
const WRITTEN = ((2n ** 64n - 1n) << 64n) + 7n
const returnsU32 = (name: string): boolean => name.startsWith('promise_yield_resume')

/** An argument for a letter: as JavaScript, and as the host should see it. */
function argument(letter: string, i: number): { code: string; value: string | bigint } {
  if (letter === 'u') return { code: `${i + 1}n * 2n ** 40n`, value: BigInt(i + 1) << 40n }
  if (letter === 'b') return { code: `"text ${i}"`, value: `text ${i}` }
  return { code: `${AMOUNT}n`, value: AMOUNT }
}

/** What the host finds in a call's words; writes an amount where one is asked for. */
function decode(host: Host, letters: string, words: bigint[]): (string | bigint)[] {
  let at = 0
  return [...letters].flatMap((letter): (string | bigint)[] => {
    const word = words[at++]!
    if (letter === 'u') return [word]
    if (letter === 'b') return [new TextDecoder().decode(host.read(word, words[at++]!))]
    const view = new DataView(host.memory().buffer, Number(word), 16)
    if (letter === 'a') return [view.getBigUint64(0, true) + (view.getBigUint64(8, true) << 64n)]
    view.setBigUint64(0, WRITTEN & (2n ** 64n - 1n), true)
    view.setBigUint64(8, WRITTEN >> 64n, true)
    return []
  })
}

/** The mock answers -3 as i64, -2 as i32; both are unsigned in NEAR. */
function answerOf(row: Row): string {
  if (row.letters.includes('A')) return `bigint ${WRITTEN}`
  if (returnsU32(row.name)) return `bigint ${2n ** 32n - 2n}`
  return row.hasResult ? `bigint ${2n ** 64n - 3n}` : 'undefined undefined'
}

describe('the host table', () => {
  test('holds every function of protocol 86 a contract can use, and the four for registers and joins', () => {
    const expected = [...rows.map(({ name }) => name), 'read_register', 'register_len', 'write_register', 'promise_and']
    expect(
      importsOf(modules.engine)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(expected.sort())
  })

  test.each(rows.filter(({ name }) => name !== 'panic_utf8'))('$name passes its arguments and result', (row) => {
    const calls: (string | bigint)[][] = []
    const host: Host = createHost({
      [row.name]: (...words) => {
        expect(words).toHaveLength(row.words)
        calls.push(decode(host, row.letters, words))
        return returnsU32(row.name) ? -2 : row.hasResult ? -3n : undefined
      },
    })
    const given = [...row.letters].flatMap((letter, i) => (letter === 'A' ? [] : [argument(letter, i)]))
    const source = `export function run() { globalThis.answer = env.${row.name}(${given.map(({ code }) => code)}) }
      export function answer() { env.value_return(typeof globalThis.answer + ' ' + globalThis.answer) }`
    const contract = start(prepare(source), host)
    contract.call('run')
    expect(calls).toEqual([given.map(({ value }) => value)])
    if (row.name === 'value_return') return
    expect(contract.text('answer')).toBe(answerOf(row))
  })

  test('panic_utf8 ends the call', () => {
    expect(evaluate('env.panic_utf8("stop") || "went on"')).toBe('stop')
  })

  test('near-sdk-js finds log_utf8 under the name log', () => {
    const contract = start(prepare('export function run() { env.log("grüezi") }'))
    contract.call('run')
    expect(contract.host.state.logs).toEqual(['grüezi'])
  })

  test('promise_and takes promises as separate arguments, 128 at most', () => {
    const ids: bigint[] = []
    const host = createHost({
      promise_and: (pointer, count) => {
        ids.push(
          ...new BigUint64Array(host.memory().buffer.slice(Number(pointer), Number(pointer) + 8 * Number(count))),
        )
        return 9n
      },
    })
    expect(evaluate('env.promise_and(3n, 5, 2n ** 63n)', host)).toBe('9')
    expect(ids).toEqual([3n, 5n, 2n ** 63n])
    expect(evaluate('env.promise_and(...Array(129).fill(0n))', host)).toContain('at most 128 promises')
  })
})

describe('the global env', () => {
  test('has what the bundle mentions and nothing else', () => {
    const { imports } = prepare('export function run() { return env.storage_read("k", 0) }')
    expect(imports).toContain('storage_read')
    expect(imports).not.toContain('storage_write')
    expect(evaluate('Object.keys(env).sort()')).toBe('value_return')
  })

  test('a part of a longer name is no mention', () => {
    const { imports } = prepare('export function run() { env.promise_batch_then(0, "a"); my_sha256(); sha256$() }')
    expect(imports).toContain('promise_batch_then')
    for (const name of ['promise_then', 'sha256', 'promise_batch_create']) expect(imports).not.toContain(name)
  })

  test('a function found under a computed name is not there, rather than a trap', () => {
    expect(evaluate('env["p256" + "_verify"]("", "", "")')).toBe('TypeError: not a function')
  })

  test('host functions wait until the module has loaded', () => {
    for (const call of ['block_index()', 'read_register(0)', 'panic_utf8("x")', 'promise_and()', 'register_len(0)'])
      expect(() => prepare(`env.${call}`)).toThrow(
        `TypeError: env.${call.split('(')[0]} was called while the contract's module loads`,
      )
  })
})
