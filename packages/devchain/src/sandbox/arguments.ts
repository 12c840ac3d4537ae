// The command lines that near-workspaces, near-sandbox and near-kit know of nearcore's sandbox.
import { parseArgs } from 'node:util'

export type Command =
  | { readonly type: 'version' | 'help' }
  | { readonly type: 'init'; readonly home: string; readonly chainId: string; readonly accountId: string }
  | { readonly type: 'run'; readonly home: string; readonly host: string; readonly port: number }
  | { readonly type: 'dump'; readonly home: string; readonly stream: boolean }
  | { readonly type: 'unknown'; readonly text: string }

const options = {
  home: { type: 'string' },
  version: { type: 'boolean', short: 'V' },
  help: { type: 'boolean', short: 'h' },
  'chain-id': { type: 'string' },
  'account-id': { type: 'string' },
  'rpc-addr': { type: 'string' },
  stream: { type: 'boolean' },
} as const

const HOME = '.near'

/** Options this stand-in has no use for (`--network-addr`, `--fast`, `--num-shards` …) are accepted and ignored. */
export function parseCommand(args: readonly string[], userHome: string): Command {
  const { values, positionals } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true })
  if (values.version) return { type: 'version' }
  if (values.help) return { type: 'help' }
  const home = text(values.home) ?? `${userHome}/${HOME}`
  const [command, sub] = positionals
  if (command === 'init') {
    const chainId = text(values['chain-id']) ?? 'localnet'
    return { type: 'init', home, chainId, accountId: text(values['account-id']) ?? 'test.near' }
  }
  if (command === 'run') return { type: 'run', home, ...address(text(values['rpc-addr'])) }
  if (command === 'view-state' && positionals.includes('dump-state'))
    return { type: 'dump', home, stream: values.stream === true }
  return { type: 'unknown', text: [command, sub].filter((word) => word !== undefined).join(' ') }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

function address(addr = '0.0.0.0:3030'): { host: string; port: number } {
  const colon = addr.lastIndexOf(':')
  return { host: addr.slice(0, colon) || '0.0.0.0', port: Number(addr.slice(colon + 1)) }
}
