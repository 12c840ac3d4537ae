import { DcmlError } from '@dcml/protocol'
import { useEffect, useState } from 'preact/hooks'
import type { Dropped } from './files.ts'
import { judgeFiles, type Sheet } from './judge.ts'
import { SheetView } from './sheet.tsx'

/** The first page: drop evidence or receipts, see every check. */
export function Page() {
  const [files, setFiles] = useState<readonly Dropped[]>([])
  const [at, setAt] = useState('')
  const [sheets, setSheets] = useState<readonly Sheet[]>([])
  const [problem, setProblem] = useState<string>()
  const [over, setOver] = useState(false)

  useEffect(() => {
    if (files.length === 0) return
    // an answer to an earlier question must not overwrite a later one
    let superseded = false
    judgeFiles(files, at === '' ? new Date() : new Date(`${at}Z`))
      .then((judged) => ({ judged, why: undefined }))
      .catch((error: unknown) => ({ judged: [], why: explain(error) }))
      .then(({ judged, why }) => {
        if (superseded) return
        setSheets(judged)
        setProblem(why)
      })
    return () => {
      superseded = true
    }
  }, [files, at])

  const take = async (list: FileList | null | undefined) => setFiles(await read(list))
  return (
    <main>
      <h1>Is this to be believed?</h1>
      <p>
        Drop the evidence of an enclave, a file of receipts, or what NEAR AI Cloud, dstack or Tinfoil serve as
        attestation. It is judged here, in your browser: nothing is sent anywhere, and this page works without a
        network.
      </p>
      <label
        class={`drop ${over ? 'over' : ''}`}
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault()
          setOver(false)
          void take(event.dataTransfer?.files)
        }}
      >
        <input type="file" multiple onChange={({ currentTarget }) => void take(currentTarget.files)} />
        Drop files here, or choose them. A policy (JSON), a root certificate (PEM) or Intel's collateral (JSON) may be
        dropped with them.
      </label>
      <label class="time">
        Judge as of (UTC){' '}
        <input type="datetime-local" value={at} onInput={({ currentTarget }) => setAt(currentTarget.value)} />{' '}
        {at === '' ? 'now, by the clock of this machine' : ''}
      </label>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <div aria-live="polite">
        {sheets.map((sheet, index) => (
          <SheetView key={`${index} ${sheet.name}`} sheet={sheet} />
        ))}
      </div>
    </main>
  )
}

const read = (list: FileList | null | undefined): Promise<Dropped[]> =>
  Promise.all(
    [...(list ?? [])].map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })),
  )

const explain = (error: unknown): string =>
  DcmlError.isInstance(error) ? `${error.message} ${error.hint}` : `This page failed: ${String(error)}`
