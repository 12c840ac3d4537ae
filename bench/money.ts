// What the model contract's methods cost, and whether it matters how many channels there are.
import { measureGas } from '../contracts/model/test/gas.ts'
import { modelWasm } from '../contracts/model/test/world.ts'

export const title = 'Money: gas of the model contract'

type Row = Record<string, string | number>

const FEW = 10

export async function run({ quick }: { quick: boolean }): Promise<{ rows: Row[]; notes: string[] }> {
  const many = quick ? 20_000 : 1_000_000
  const wasm = await modelWasm()
  const [few, lots] = [measureGas(wasm, FEW), measureGas(wasm, many)]
  const rows = [...few].map(([method, { own, all }]): Row => {
    const there = lots.get(method) ?? { own: 0n, all: 0n }
    return {
      method,
      'own Tgas': tera(own),
      [`all, ${FEW} channels`]: tera(all),
      [`all, ${many.toLocaleString('en')} channels`]: tera(there.all),
      ratio: (Number(there.all) / Number(all)).toFixed(4),
    }
  })
  return { rows, notes: NOTES }
}

const NOTES = [
  'Burnt on the devchain at protocol 86. Own: the receipt of the method; all: with transaction, transfers and callbacks.',
  'The channels are written straight into the trie, with the ids and rows that the contract would have given them.',
]

const tera = (gas: bigint): string => (Number(gas) / 1e12).toFixed(2)
