import type { ChainReader } from '../chain/reader.ts'

/** Gas of one contract method over the calls that were made. */
export interface GasRow {
  readonly contract: string
  readonly method: string
  readonly calls: number
  readonly failed: number
  /** Burnt by the receipt itself, without what it sent on. */
  readonly least: bigint
  readonly median: bigint
  readonly most: bigint
}

/** Gas by contract and method over the blocks the chain still keeps, dearest first. Receipts with one call count. */
export function gasReport(chain: ChainReader): GasRow[] {
  const calls = new Map<
    string,
    { readonly contract: string; readonly method: string; failed: number; readonly gas: bigint[] }
  >()
  for (const block of chain.blocks()) {
    for (const { id, gasBurnt, status } of block.result.outcomes) {
      const receipt = chain.receipt(id)
      const [action, ...others] = receipt && 'actions' in receipt.body ? receipt.body.actions : []
      if (!receipt || action?.type !== 'FunctionCall' || others.length > 0) continue
      const name = `${receipt.receiverId}.${action.methodName}`
      const row = calls.get(name) ?? { contract: receipt.receiverId, method: action.methodName, failed: 0, gas: [] }
      row.gas.push(gasBurnt)
      if (status.type === 'Failure') row.failed++
      calls.set(name, row)
    }
  }
  return [...calls.values()].map(toRow).sort((a, b) => (a.median < b.median ? 1 : -1))
}

function toRow({
  contract,
  method,
  failed,
  gas,
}: {
  contract: string
  method: string
  failed: number
  gas: bigint[]
}): GasRow {
  const sorted = gas.toSorted((a, b) => (a < b ? -1 : 1))
  const [least, median, most] = [0, Math.floor(sorted.length / 2), sorted.length - 1].map((i) => sorted[i] as bigint)
  return {
    contract,
    method,
    calls: gas.length,
    failed,
    least: least as bigint,
    median: median as bigint,
    most: most as bigint,
  }
}

/** A {@link gasReport} as a table, gas in Tgas. */
export function formatGasReport(rows: readonly GasRow[]): string {
  const tera = (gas: bigint) => (Number(gas) / 1e12).toFixed(3)
  const cells = [
    ['contract', 'method', 'calls', 'failed', 'least Tgas', 'median', 'most'],
    ...rows.map((row) => [
      row.contract,
      row.method,
      `${row.calls}`,
      `${row.failed}`,
      tera(row.least),
      tera(row.median),
      tera(row.most),
    ]),
  ]
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? []
  const line = (row: string[]) =>
    row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ')
  return cells.map(line).join('\n')
}
