// Gas and size of contracts from the toolchain, burnt on the devchain, beside what near-sdk-js's own pipeline was
// recorded to burn for the same class (its wasm cannot be built here: its install script downloads a compiler).
import { fileURLToPath } from 'node:url'
import { buildContract } from '@dcml/contract-build'
import { createDevchain } from '@dcml/devchain'

export const title = 'Contracts: gas and size'

type Row = Record<string, string | number>

/** Tgas all in, of near-sdk-js 2.0.0 with QuickJS 2021-03-27 and its own flags: empty view, second call of a counter. */
const OFFICIAL = { nothing: 5.84, increment: 6.06 }

const contracts: { name: string; path: string; view?: string; args?: object }[] = [
  {
    name: 'near-sdk-js class',
    path: 'contracts/toolchain/build/fixtures/counter.ts',
    view: 'nothing',
    args: {},
  },
  {
    name: 'on our guarded base (its view reads the state)',
    path: 'contracts/toolchain/build/fixtures/guarded-counter.ts',
    view: 'get_count',
    args: { n: '1' },
  },
  { name: 'hello (state, events, promises)', path: 'contracts/hello/src/hello.ts' },
]

export async function run(): Promise<{ rows: Row[]; notes: string[] }> {
  const rows: Row[] = []
  for (const { name, path, view, args } of contracts) {
    const start = performance.now()
    const { wasm } = await buildContract({ entry: fileURLToPath(new URL(`../${path}`, import.meta.url)) })
    const built = performance.now() - start
    const chain = createDevchain()
    const contract = chain.root.createAccount('contract')
    const alice = chain.root.createAccount('alice')
    contract.deploy(wasm)
    const { fees } = chain.params
    /** Burnt by the contract itself: without the fixed fees of a receipt and a function call action. */
    const burnt = (method: string, args?: object): number => {
      const { trace } = alice.call(contract, method, args)
      const bytes = BigInt(method.length + (args === undefined ? 0 : JSON.stringify(args).length))
      const fixed =
        fees.action_receipt_creation.execution +
        fees.function_call.execution +
        fees.function_call_per_byte.execution * bytes
      return Number(trace.root.children[0]!.outcome!.gasBurnt - fixed) / 1e12
    }
    const row: Row = { contract: name, KB: Math.ceil(wasm.length / 1000), 'build ms': Math.round(built) }
    if (view !== undefined) {
      burnt('increment', args)
      const [empty, increment] = [burnt(view), burnt('increment', args)]
      row['view Tgas'] = empty.toFixed(2)
      row['official / ours'] = (OFFICIAL.nothing / empty).toFixed(1)
      row['counter call Tgas'] = increment.toFixed(2)
      row['official / ours '] = (OFFICIAL.increment / increment).toFixed(1)
    }
    rows.push(row)
  }
  return {
    rows,
    notes: [`near-sdk-js's own pipeline, recorded: ${OFFICIAL.nothing} and ${OFFICIAL.increment} Tgas, 602 KB.`],
  }
}
