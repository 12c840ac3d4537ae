// `view-state dump-state`: the state of a running chain as a genesis file, in the two forms its callers expect.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DcmlError } from '@dcml/protocol'
import { Chain } from '../chain/chain.ts'
import { genesisFile, readHome, running, writeJson } from './home.ts'

const COPIED = ['config.json', 'node_key.json', 'validator_key.json'] as const

/**
 * Asks the chain that runs on this home; without one, takes the state it would start with. With `stream` the records
 * are a file of their own, one a line, and the node's other files come along.
 * @throws DcmlError `devchain_home_invalid`, `devchain_dump_failed`
 */
export async function dumpState(home: string, stream: boolean): Promise<void> {
  const { records, ...config } = await currentGenesis(home)
  if (!stream) return writeJson(home, 'output.json', { ...config, records })
  const output = join(home, 'output')
  mkdirSync(output, { recursive: true })
  writeJson(output, 'genesis.json', { ...config, records: [] })
  writeFileSync(join(output, 'records.json'), `[${records.map((record) => JSON.stringify(record)).join(',\n')}]\n`)
  for (const name of COPIED) copyFileSync(join(home, name), join(output, name))
}

type Genesis = { readonly records: readonly unknown[] } & Record<string, unknown>

async function currentGenesis(home: string): Promise<Genesis> {
  const node = running(home)
  if (!node) return genesisFile(new Chain(readHome(home).options)) as Genesis
  const [config, { records }] = await Promise.all([
    ask<Record<string, unknown>>(node.url, 'EXPERIMENTAL_genesis_config'),
    ask<Pick<Genesis, 'records'>>(node.url, 'dcml_dump_state'),
  ])
  return { ...config, records }
}

async function ask<T>(url: string, method: string): Promise<T> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 'dump', method, params: {} }),
    })
    const { result } = (await response.json()) as { result?: T }
    if (result !== undefined) return result
    throw new Error(`${method} was refused`)
  } catch (cause) {
    throw new DcmlError('devchain_dump_failed', `The chain at ${url} did not give its state.`, {
      hint: 'If it no longer runs, delete data/devchain.json in the home directory.',
      cause,
    })
  }
}
