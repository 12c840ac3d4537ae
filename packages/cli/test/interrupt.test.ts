import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readlink, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dcml, dcmlCommand } from './dcml.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-interrupt-'))
  await writeFile(join(folder, 'model.bin'), '')
  await truncate(join(folder, 'model.bin'), 256 << 20)
  await dcml(folder, ['model', 'keygen', 'key.json'])
  await dcml(folder, ['model', 'seal', 'model.bin', '--key', 'key.json', '--out', 'm.dcmw'])
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs a command, sends it a signal once `when` holds, and waits for its end. */
async function interrupt(args: string[], signal: NodeJS.Signals, when: () => Promise<boolean>, env = {}) {
  const [command, ...rest] = dcmlCommand([...args, '--json'])
  const child = spawn(command!, rest, { cwd: folder, env: { PATH: process.env.PATH, ...env } })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  while (child.exitCode === null && !(await when())) await new Promise((resolve) => setTimeout(resolve, 5))
  child.kill(signal)
  child.kill(signal) // npm and terminals pass one signal on twice
  return { code: await ended, json: JSON.parse(printed) }
}

const exists = (name: RegExp) => async () => (await readdir(folder)).some((entry) => name.test(entry))

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s while opening a model leaves no plaintext behind', async (signal, code) => {
  const open = ['model', 'open', 'm.dcmw', '--key', 'key.json', '--out', 'opened']
  expect(await interrupt(open, signal, exists(/^opened/))).toMatchObject({
    code,
    json: { error: { code: 'interrupted' } },
  })
  expect((await readdir(folder)).filter((entry) => entry.startsWith('opened'))).toEqual([])
})

test('SIGTERM during the demo ends its hosts and removes its folders', async () => {
  const temporary = join(folder, 'tmp')
  await mkdir(temporary)
  const hosts = async () => {
    const [root] = (await readdir(temporary)).filter((entry) => entry.startsWith('dcml-demo-'))
    return root !== undefined && (await readdir(join(temporary, root))).includes('host-a')
  }
  const { code, json } = await interrupt(['demo'], 'SIGTERM', hosts, { TMPDIR: temporary })
  expect({ code, json }).toMatchObject({ code: 143, json: { error: { code: 'interrupted' } } })
  expect((await readdir(temporary)).filter((entry) => entry.startsWith('dcml-demo-'))).toEqual([])
  expect(await processesIn(temporary)).toEqual([])
})

/** Processes whose working folder is, or was, inside a folder; Linux only, elsewhere none are seen. */
async function processesIn(place: string): Promise<string[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((entry) => /^\d+$/.test(entry))
  const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')))
  return folders.filter((cwd) => cwd.startsWith(place))
}
