// `pnpm bench [name …] [--quick]`: every figure in the READMEs comes from here, with the thing it is compared with
// measured in the same run.
import { spawnSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'

type Row = Record<string, string | number>

/** What every bench module exports. */
interface Bench {
  title: string
  run(options: { quick: boolean }): Promise<{ rows: Row[]; notes?: string[] }>
}

const benches: Record<string, () => Promise<Bench>> = {
  serving: () => import('./serving.ts'),
  proxy: () => import('./proxy.ts'),
  newcomer: () => import('./newcomer.ts'),
  weights: () => import('./weights.ts'),
  attestation: () => import('./attestation.ts'),
  channels: () => import('./channels.ts'),
  contracts: () => import('./contracts.ts'),
  money: () => import('./money.ts'),
  por: () => import('./por.ts'),
  devchain: () => import('./devchain.ts'),
  'light-client': () => import('./light-client.ts'),
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
})
const unknown = positionals.find((name) => !Object.hasOwn(benches, name))
if (unknown !== undefined) {
  console.error(`Unknown bench: ${unknown}\n  One of: ${Object.keys(benches).join(', ')}`)
  process.exit(1)
}

// contracts are built with our engine; without it, or where it is up to date, this takes no time
spawnSync(process.execPath, [...process.execArgv, 'contracts/toolchain/engine/src/build/main.ts'], { stdio: 'inherit' })

const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 1024 ** 3)} GiB, Node ${process.version}`
const results: Record<string, Row[]> = {}
if (!values.json) console.log(`Machine: ${machine}\n`)
for (const [name, load] of Object.entries(benches)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  const bench = await load()
  const { rows, notes = [] } = await bench.run({ quick: values.quick })
  results[name] = rows
  if (!values.json) console.log([`## ${bench.title}`, '', ...table(rows), '', ...notes, ''].join('\n'))
}
if (values.json) console.log(JSON.stringify({ machine, quick: values.quick, results }))

function* table(rows: readonly Row[]): Generator<string> {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  yield `| ${columns.join(' | ')} |`
  yield `|${columns.map(() => '---|').join('')}`
  for (const row of rows) yield `| ${columns.map((column) => row[column] ?? '').join(' | ')} |`
}
