// How fast weights are sealed and opened, against the same work done by hand on node:crypto in the same run, and how
// much memory that takes. `node --conditions=@dcml/source bench/weights.ts --full` shows the memory on 4 GiB.
import { execFileSync } from 'node:child_process'
import { createDecipheriv, createHash, randomFillSync } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateModelKey } from '@dcml/weights'
import { fdSink, hashModel, openModel, sealModel } from '@dcml/weights/node'

export const title = 'Weights: seal and open a model'

type Row = Record<string, string | number>

const MIB = 1024 * 1024
const SEGMENT = 4 * MIB
const O_TMPFILE = 0o20200000

export async function run({ quick, full = false }: { quick: boolean; full?: boolean }): Promise<{ rows: Row[] }> {
  const size = (quick ? 256 : 1024) * MIB
  const rounds = quick ? 3 : 5
  const folder = await mkdtemp(join(tmpdir(), 'dcml-bench-weights-'))
  try {
    const [source, out] = [join(folder, 'model.gguf'), join(folder, 'model.dcmw')]
    writeRandom(source, size)
    const { sk, pk } = generateModelKey()
    const seal = () => sealModel({ source, out, recipients: [pk] })
    await seal()
    const open = () => withTmpfs((fd) => openModel({ container: out, sk, into: () => fdSink(fd) }))
    const times = await interleave(rounds, {
      'read (page cache)': () => rawRead(out),
      'write a new file + fsync': () => replaceRandom(join(folder, 'raw'), size),
      'AES-256-GCM + SHA-256, one core, no I/O': () => rawCrypto(size),
      'by hand: read, decrypt, sha256, tmpfs': () => withTmpfs((fd) => rawOpen(out, fd)),
      openModel: open,
      hashModel: () => hashModel(source),
      sealModel: seal,
    })
    const speed = (what: string): number => size / MIB / (median(times[what]!) / 1000)
    const cipher = speed('AES-256-GCM + SHA-256, one core, no I/O')
    const bounds: Record<string, number> = {
      openModel: Math.min(cipher, speed('read (page cache)')),
      sealModel: Math.min(cipher, speed('write a new file + fsync')),
    }
    const rows: Row[] = Object.keys(times).map((what) => {
      const bound = bounds[what]
      return {
        what,
        'MiB/s': Math.round(speed(what)),
        'of min(disk, one core)': bound ? ratio(speed(what) / bound) : '',
      }
    })
    return { rows: [...rows, memoryRow(full ? 4096 : quick ? 128 : 1024)] }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A model is sealed and opened in a process of its own, whose peak is compared with its size after start. */
function memoryRow(mebibytes: number): Row {
  const self = fileURLToPath(import.meta.url)
  const output = execFileSync(process.execPath, ['--conditions=@dcml/source', self, '--memory', String(mebibytes)])
  const { sealPeak, openPeak } = JSON.parse(output.toString()) as Record<string, number>
  return { what: `peak memory, ${mebibytes} MiB model: seal ${sealPeak} MiB, open ${openPeak} MiB`, 'MiB/s': '' }
}

async function measureMemory(mebibytes: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'dcml-bench-weights-'))
  try {
    const [source, out] = [join(folder, 'model.gguf'), join(folder, 'model.dcmw')]
    writeRandom(source, mebibytes * MIB)
    const { sk, pk } = generateModelKey()
    const start = process.memoryUsage.rss() / MIB
    const peak = (): number => Math.round(process.resourceUsage().maxRSS / 1024 - start)
    await sealModel({ source, out, recipients: [pk] })
    const sealPeak = peak()
    await withTmpfs((fd) => openModel({ container: out, sk, into: () => fdSink(fd) }))
    console.log(JSON.stringify({ sealPeak, openPeak: peak() }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function interleave(rounds: number, work: Record<string, () => unknown>): Promise<Record<string, number[]>> {
  const times: Record<string, number[]> = {}
  for (let round = 0; round < rounds; round++)
    for (const [name, once] of Object.entries(work)) {
      const start = performance.now()
      await once()
      times[name] = [...(times[name] ?? []), performance.now() - start]
    }
  return times
}

async function withTmpfs(work: (fd: number) => unknown): Promise<void> {
  const fd = existsSync('/dev/shm')
    ? openSync('/dev/shm', O_TMPFILE | constants.O_RDWR, 0o600)
    : openSync(join(tmpdir(), `dcml-bench-${process.pid}`), 'w+', 0o600)
  try {
    await work(fd)
  } finally {
    closeSync(fd)
  }
}

function writeRandom(path: string, size: number): void {
  const block = randomFillSync(new Uint8Array(SEGMENT))
  const fd = openSync(path, 'w')
  for (let at = 0; at < size; at += SEGMENT) {
    new DataView(block.buffer).setBigUint64(0, BigInt(at))
    writeSync(fd, block, 0, Math.min(SEGMENT, size - at), at)
  }
  fsyncSync(fd)
  closeSync(fd)
}

/** A new file that takes the place of the old one when it is whole, as sealing does. */
function replaceRandom(path: string, size: number): void {
  writeRandom(`${path}.partial`, size)
  renameSync(`${path}.partial`, path)
}

function rawRead(path: string): void {
  const block = new Uint8Array(SEGMENT)
  const fd = openSync(path, 'r')
  while (readSync(fd, block) > 0);
  closeSync(fd)
}

/** Fastest size of an update, measured. */
const PIECE = MIB / 4
const [key, nonce] = [new Uint8Array(32), new Uint8Array(12)]
const [sealed, decrypted] = [new Uint8Array(SEGMENT), new Uint8Array(SEGMENT)]

/** Tags are not checked: the keys are not the container's. The work is the same. */
function decryptAndHash(ciphertext: Uint8Array): Uint8Array {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce)
  const plain = decrypted.subarray(0, ciphertext.length)
  for (let at = 0; at < plain.length; at += PIECE) plain.set(decipher.update(ciphertext.subarray(at, at + PIECE)), at)
  createHash('sha256').update(plain).digest()
  return plain
}

function rawCrypto(size: number): void {
  for (let at = 0; at < size; at += SEGMENT) decryptAndHash(sealed)
}

function rawOpen(path: string, into: number): void {
  const block = new Uint8Array(SEGMENT)
  const fd = openSync(path, 'r')
  const { size } = statSync(path)
  for (let at = 0; at < size; at += SEGMENT) writeSync(into, decryptAndHash(block.subarray(0, readSync(fd, block))))
  closeSync(fd)
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!
const ratio = (value: number): string => value.toFixed(2)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const memory = process.argv.indexOf('--memory')
  if (memory > 0) await measureMemory(Number(process.argv[memory + 1]))
  else
    console.table((await run({ quick: process.argv.includes('--quick'), full: process.argv.includes('--full') })).rows)
}
