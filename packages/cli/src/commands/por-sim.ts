import { writeFileSync } from 'node:fs'
import { drawSvg, drawText, runScenario, type ScenarioFile } from '@dcml/por/sim'
import { Command } from 'commander'
import { options, readJson } from '../options.ts'
import type { Output } from '../output.ts'

/** `dcml por sim`: what would happen, drawn. */
export const simCommand = (output: () => Output): Command =>
  new Command('sim')
    .description('simulate a network, its faults and its cheats, and draw what happened')
    .argument('<scenario>', 'JSON file; packages/por/README.md has its form')
    .option('--svg <file>', 'draw it there too')
    .addOption(options.json())
    .action((path: string, { svg }: { svg?: string }) => {
      const report = runScenario(readJson(path) as ScenarioFile)
      if (svg !== undefined) writeFileSync(svg, drawSvg(report))
      output().result(drawText(report), report)
    })
