import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { debianMirrors, mirrorsIn } from './mirrors.ts'

test('reads the one-line form', () => {
  const text = `
    # deb http://commented.example/debian trixie main
    deb http://mirror.example/debian bookworm main contrib
    deb-src [arch=amd64 signed-by=/key.gpg] https://other.example/pub/debian/ bookworm main
    deb http://security.example/debian-security bookworm-security main
    deb [arch=amd64] https://download.example/linux/ubuntu noble stable`
  expect(mirrorsIn(text)).toEqual(['http://mirror.example/debian', 'https://other.example/pub/debian'])
})

test('reads the stanza form', () => {
  const text = 'Types: deb\nURIs: http://a.example/debian http://b.example/debian-security\nSuites: bookworm\n'
  expect(mirrorsIn(text)).toEqual(['http://a.example/debian'])
})

test('asks the machine’s mirrors first and Debian’s own last, each once', async () => {
  const apt = await mkdtemp(join(tmpdir(), 'dcml-apt-'))
  try {
    await mkdir(join(apt, 'sources.list.d'))
    await writeFile(join(apt, 'sources.list'), 'deb http://near.example/debian bookworm main\n')
    await writeFile(join(apt, 'sources.list.d', 'more.sources'), 'URIs: http://near.example/debian/\n')
    await writeFile(join(apt, 'sources.list.d', 'off.list.disabled'), 'deb http://off.example/debian x main\n')
    expect(await debianMirrors(apt)).toEqual(['http://near.example/debian', 'http://deb.debian.org/debian'])
    expect(await debianMirrors(join(apt, 'missing'))).toEqual(['http://deb.debian.org/debian'])
  } finally {
    await rm(apt, { recursive: true, force: true })
  }
})
