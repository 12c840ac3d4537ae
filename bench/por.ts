// Proof of Response, against the goals that were set for it: a relay, its machine alone, routes, silence, the simulator,
// the contract; and what payment channels that are in use reach.
import { bigNetwork } from '@dcml/por/sim'
import { measureGas, measureReport } from '../contracts/por/test/gas.ts'
import { porWasm } from '../contracts/por/test/world.ts'
import { machineRows } from './por-machine.ts'
import { relayRows } from './por-relay.ts'
import { routeRows } from './por-routes.ts'
import { silenceRows } from './por-silence.ts'

export const title = 'Proof of Response'

type Row = Record<string, string | number>

export async function run({ quick }: { quick: boolean }): Promise<{ rows: Row[]; notes: string[] }> {
  const rows = [
    ...(await relayRows(quick)),
    ...(await machineRows(quick)),
    ...routeRows(quick),
    ...(await silenceRows()),
    simulatorRow(quick),
    ...(await contractRows(quick)),
    ...OTHERS,
  ]
  return { rows, notes: NOTES }
}

function simulatorRow(quick: boolean): Row {
  const [nodes, requests] = quick ? [1000, 10_000] : [10_000, 100_000]
  const { wallMs, messages, responses, broken } = bigNetwork({ nodes, edges: 3 * nodes, requests, seed: 1 })
  return {
    what: `simulator: ${nodes.toLocaleString('en')} nodes, ${requests.toLocaleString('en')} requests, seconds`,
    ...{ figure: (wallMs / 1000).toFixed(1), goal: quick ? '' : '< 60' },
    beside: `${messages} messages, ${responses} answers, ${broken} proofs`,
  }
}

async function contractRows(quick: boolean): Promise<Row[]> {
  const wasm = await porWasm()
  const methods = [...measureGas(wasm)].map(
    ([method, { own, all }]): Row => ({
      what: `contract: ${method}, Tgas`,
      ...{ figure: tera(own), goal: '≤ 20', beside: `with transaction, transfers and callbacks: ${tera(all)}` },
    }),
  )
  const sizes = quick ? [16] : [8, 16, 32, 64]
  const reports = sizes.map((half): Row => {
    const { own, all } = measureReport(wasm, half, half)
    const goal = 2 * half <= 32 ? '≤ 150' : ''
    return { what: `contract: partition proof of ${2 * half} nodes, Tgas`, figure: tera(own), goal, beside: tera(all) }
  })
  return [...methods, ...reports]
}

const tera = (gas: bigint): string => (Number(gas) / 1e12).toFixed(1)

/** What others published; none of it was measured here. */
const BOTTLEPAY = 'published 2021, github.com/bottlepay/lightning-benchmark: 2 nodes, 8 vCPUs, 100 at once'
const OTHERS: Row[] = [
  { what: 'Lightning, eclair: payments/s', figure: '89 (1.1 s each)', goal: '', beside: BOTTLEPAY },
  { what: 'Lightning, c-lightning: payments/s', figure: '61 (1.6 s each)', goal: '', beside: BOTTLEPAY },
  { what: 'Lightning, lnd with bbolt: payments/s', figure: '33 (3.0 s each)', goal: '', beside: BOTTLEPAY },
  { what: 'Lightning, lnd with etcd: payments/s', figure: '4 (29 s each)', goal: '', beside: BOTTLEPAY },
  {
    what: 'Raiden light client, 50 direct transfers: ms each',
    ...{ figure: '2,129; later, in a browser, 183 to 273', goal: '' },
    beside: 'published, github.com/raiden-network/light-client issues 876 and 2561',
  },
]

const NOTES = [
  'A relay is one process: one thread of JavaScript, and the threads of the platform on which it has signatures checked and its store written. Requester and recipient share another process and play from a script signed before, so that the relay is what is measured. Both processes and the kernel share 2 cores. Payloads are 256 bytes each way, 256 requests under way at once, TLS 1.3 over loopback. Each request is checked in full: the voucher, the requester’s signature, the recipient’s signature; with a voucher each, three signatures are checked and one is made.',
  'Durability: records of one turn are on disk (fdatasync) before anything that promises them is sent; beside it the same relay with its store on a memory disk.',
  'A relay’s delay is that of requests through it less that of the same requests over an edge without it. Half load is half of what it took with the store in question.',
  'Against Lightning: its figures are of other machines with four times the cores, and of payments, which take two or more rounds to commit HTLCs on each hop, write each state to disk on both sides, and hide the path in an onion. A request here takes one voucher forward and one signed answer back, shows the path to its relays, and risks one fee for each request or the credit that the operator allows. So the figures say what each protocol costs, not which software is quicker at the same work.',
]
