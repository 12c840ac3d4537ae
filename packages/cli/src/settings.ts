// Settings come from a file, then the environment, then flags; the later wins. Commander keeps the source of each.
import { existsSync, readFileSync } from 'node:fs'
import { DcmlError } from '@dcml/protocol'
import type { Command } from 'commander'
import * as v from 'valibot'

/** Name of the settings file looked for in the working folder. */
export const CONFIG_FILE = 'dcml.config.json'

/** TEEs that a host may run in. */
export const TEES = ['configfs-tsm', 'dstack', 'simulator', 'simulator-snp'] as const

/** Generations of dstack's guest agent. */
export const DSTACK_AGENTS = ['dstack-0.5', 'tappd-0.3'] as const

/** Where evidence of GPUs comes from. */
export const GPUS = ['nvidia', 'simulator'] as const

const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'Not 64 hex digits, lower case'))
const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))
const count = v.pipe(v.number(), v.integer(), v.minValue(0))

/** Every setting a file may hold; flags and environment variables carry the same names. */
const schema = v.strictObject({
  endpoint: v.optional(v.string()),
  policy: v.optional(v.string()),
  imageH: v.optional(v.array(hash)),
  modelH: v.optional(hash),
  receipts: v.optional(v.string()),
  channel: v.optional(v.string()),
  tee: v.optional(v.picklist(TEES)),
  collateral: v.optional(v.array(v.string())),
  snpCertificates: v.optional(v.array(v.string())),
  eventLog: v.optional(v.string()),
  dstackAgent: v.optional(v.picklist(DSTACK_AGENTS)),
  gpu: v.optional(v.picklist(GPUS)),
  rims: v.optional(v.array(v.string())),
  ocsp: v.optional(v.string()),
  collateralCache: v.optional(v.string()),
  manifest: v.optional(v.string()),
  engine: v.optional(v.string()),
  container: v.optional(v.string()),
  host: v.optional(v.string()),
  port: v.optional(port),
  adminPort: v.optional(port),
  threads: v.optional(count),
  parallel: v.optional(count),
  contextLength: v.optional(count),
  network: v.optional(v.string()),
  node: v.optional(v.array(v.string())),
  account: v.optional(v.string()),
  contract: v.optional(v.string()),
})

/** Settings that say whom to believe or to pay: not taken from a file that merely lies in the working folder. */
const TRUST: readonly string[] = ['policy', 'imageH', 'network', 'node', 'contract', 'channel']

export type Settings = v.InferOutput<typeof schema>
export const settingNames = Object.keys(schema.entries) as (keyof Settings)[]

/** `imageH` → `DCML_IMAGE_H`. */
export const environmentName = (setting: string): string =>
  `DCML_${setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`

/**
 * Reads the settings file.
 * @throws DcmlError `config_untrusted`, `config_invalid` where it is no JSON, has an unknown setting or a value of the wrong kind
 */
export function readSettings(path: string | undefined): Settings {
  if (path === undefined && !existsSync(CONFIG_FILE)) return {}
  const file = path ?? CONFIG_FILE
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new DcmlError('config_invalid', `${file} cannot be read as JSON.`, { hint: 'Correct or remove it.', cause })
  }
  const parsed = v.safeParse(schema, json)
  if (parsed.success) {
    const widened = path === undefined && TRUST.find((name) => name in parsed.output)
    if (!widened) return parsed.output
    throw new DcmlError('config_untrusted', `${file} lies in this folder and says whom to trust (${widened}).`, {
      hint: `If you wrote it, say --config ${file}; otherwise remove it.`,
    })
  }
  const where = v.getDotPath(parsed.issues[0]) ?? 'the file'
  throw new DcmlError('config_invalid', `${file}: ${where}: ${parsed.issues[0].message}`, {
    hint: `Known settings: ${settingNames.join(', ')}.`,
  })
}

/** Lays the file's settings under what environment and flags gave a command. */
export function applySettings(command: Command, settings: Settings): void {
  for (const option of command.options) {
    const name = option.attributeName()
    const value = settings[name as keyof Settings]
    if (value === undefined) continue
    const source = command.getOptionValueSource(name)
    if (source === undefined || source === 'default') command.setOptionValueWithSource(name, value, 'config')
  }
}
