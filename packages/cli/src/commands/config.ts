import { Command } from 'commander'
import { options } from '../options.ts'
import type { Output } from '../output.ts'
import { environmentName, readSettings, settingNames } from '../settings.ts'

/** `dcml config show`: where each setting comes from. Flags, which win over both, are not seen here. */
export function configCommand(output: () => Output): Command {
  const show = new Command('show')
    .description('print each setting that is set, and where')
    .addOption(options.config())
    .addOption(options.json())
    .action((flags: { config?: string }) => {
      const file = readSettings(flags.config)
      const rows = settingNames.flatMap((name) => {
        const environment = process.env[environmentName(name)]
        if (environment !== undefined) return [{ name, value: environment as unknown, from: environmentName(name) }]
        if (file[name] !== undefined)
          return [{ name, value: file[name] as unknown, from: flags.config ?? 'dcml.config.json' }]
        return []
      })
      const human = rows.map(({ name, value, from }) => `${name} = ${JSON.stringify(value)}  (${from})`).join('\n')
      output().result(human || 'nothing is set by file or environment', { settings: rows })
    })
  return new Command('config').addCommand(show)
}
