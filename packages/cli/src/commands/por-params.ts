// Flags for what the two ends of an edge agree on.
import { formatAmount } from '@dcml/protocol'
import type { EdgeParams } from '@dcml/protocol/por'
import { type Command, Option } from 'commander'
import { nearOptions } from '../near-flags.ts'
import { wholeNumber } from '../options.ts'

/** What a new edge has where its opener says nothing else. */
const OFFERED: EdgeParams = {
  latency: 100,
  baseCost: 10n ** 18n,
  byteCost: 10n ** 14n,
  minLateRate: 0n,
  maxLateRate: 10n ** 19n,
  sync: 1_000,
  maxInflight: 256,
  bytesPerSecond: 0,
}

const count = (flags: string, description: string): Option => new Option(flags, description).argParser(wholeNumber)

const flags = (): readonly (readonly [keyof EdgeParams, Option])[] => [
  ['latency', count('--latency <ms>', 'promised one way, your own work included')],
  ['baseCost', nearOptions.amount('--base-cost <amount>', 'per request')],
  ['byteCost', nearOptions.amount('--byte-cost <amount>', 'per byte')],
  ['minLateRate', nearOptions.amount('--min-late-rate <amount>', 'least for a ms of waiting')],
  ['maxLateRate', nearOptions.amount('--max-late-rate <amount>', 'most')],
  ['sync', count('--sync <ms>', 'between settlements of late fees')],
  ['maxInflight', count('--max-inflight <n>', 'requests under way each way')],
  ['bytesPerSecond', count('--bytes-per-second <n>', 'promised; 0: not')],
]

/** Gives a command a flag for every parameter, with defaults. */
export const withParams = (command: Command): Command =>
  flags().reduce((made, [name, option]) => {
    const value = OFFERED[name]
    return made.addOption(
      typeof value === 'bigint' ? option.default(value, formatAmount(value)) : option.default(value),
    )
  }, command)

/** Gives a command a flag for every parameter that may change. */
export const withChanges = (command: Command): Command =>
  flags().reduce((made, [, option]) => made.addOption(option), command)

/** The parameters among a command's flags, over those of before. */
export const paramsOf = (given: Partial<EdgeParams>, before: EdgeParams = OFFERED): EdgeParams => ({
  latency: given.latency ?? before.latency,
  baseCost: given.baseCost ?? before.baseCost,
  byteCost: given.byteCost ?? before.byteCost,
  minLateRate: given.minLateRate ?? before.minLateRate,
  maxLateRate: given.maxLateRate ?? before.maxLateRate,
  sync: given.sync ?? before.sync,
  maxInflight: given.maxInflight ?? before.maxInflight,
  bytesPerSecond: given.bytesPerSecond ?? before.bytesPerSecond,
})

/** In words. */
export const paramsLine = (params: EdgeParams): string =>
  [
    `${params.latency} ms`,
    `${formatAmount(params.baseCost)} per request, ${formatAmount(params.byteCost)} per byte`,
    `${formatAmount(params.minLateRate)} to ${formatAmount(params.maxLateRate)} per ms late`,
    `settled every ${params.sync} ms`,
    `${params.maxInflight} under way`,
    ...(params.bytesPerSecond === 0 ? [] : [`${params.bytesPerSecond} bytes per second`]),
  ].join(', ')
