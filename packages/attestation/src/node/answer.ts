// Reads one small HTTP answer from a peer that nobody trusts yet, and leaves the socket as it found it, so that undici
// or node:http can go on with it. Stricter than HTTP: what an enclave does not send is refused instead of parsed.
import type { Duplex } from 'node:stream'
import { DcmlError } from '@dcml/protocol'

const MAX_HEAD_BYTES = 8192

const malformed = (why: string): DcmlError =>
  new DcmlError('evidence_malformed', `The answer to the evidence request cannot be read: ${why}.`, {
    hint: 'The host does not run this version of DCML.',
  })

const missing = (why: string, retryable: boolean): DcmlError =>
  new DcmlError('evidence_missing', `The host gave no evidence: ${why}.`, {
    hint: 'Check that the address is that of a DCML runtime.',
    retryable,
  })

/** Length of the body that a head announces. Only `200` with one Content-Length and a body as it is gets through. */
function bodyLength(head: string, max: number): number {
  const [status = '', ...lines] = head.split('\r\n')
  const code = /^HTTP\/1\.1 (\d{3})(?: [\t\x20-\x7e]*)?$/.exec(status)?.[1]
  if (code === undefined) throw malformed('it is not HTTP/1.1')
  if (code !== '200') throw missing(`it answered ${code}`, code.startsWith('5') || code === '429')
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, name, value] = /^([\w!#$%&'*+.^`|~-]+):[\t ]*([\t\x20-\x7e]*?)[\t ]*$/.exec(line) ?? []
    if (name === undefined || value === undefined) throw malformed('a header is not of HTTP/1.1')
    const key = name.toLowerCase()
    if (headers.has(key) && key === 'content-length') throw malformed('the length is given twice')
    headers.set(key, value)
  }
  for (const name of ['transfer-encoding', 'content-encoding', 'upgrade'])
    if (headers.has(name)) throw malformed(`${name} is not expected`)
  if (/\bclose\b/i.test(headers.get('connection') ?? '')) throw malformed('it closes the connection')
  const length = headers.get('content-length') ?? ''
  if (!/^\d{1,15}$/.test(length)) throw malformed('the length is missing')
  if (Number(length) > max)
    throw new DcmlError('evidence_too_large', `The host announces ${length} bytes of evidence, more than ${max}.`, {
      hint: 'The host does not run this version of DCML.',
    })
  return Number(length)
}

/**
 * Sends `request` and resolves to the body of its answer, at most `maxBytes`.
 * @throws DcmlError `evidence_missing`, `evidence_malformed`, `evidence_too_large`; the caller destroys the socket
 */
export function requestOnce(socket: Duplex, request: string, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let head: Buffer = Buffer.alloc(0)
    let wanted: number | undefined
    const body: Buffer[] = []
    let received = 0

    const settle = (act: () => void): void => {
      socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', onError)
      act()
    }
    const onEnd = (): void => settle(() => reject(missing('it closed the connection', true)))
    const onError = (cause: Error): void =>
      settle(() =>
        reject(DcmlError.isInstance(cause) ? cause : missing(`the connection broke (${cause.message})`, true)),
      )

    function take(chunk: Buffer): void {
      if (wanted !== undefined) {
        body.push(chunk)
        received += chunk.length
        return
      }
      head = Buffer.concat([head, chunk])
      const end = head.indexOf('\r\n\r\n')
      if (end === -1 ? head.length > MAX_HEAD_BYTES : end > MAX_HEAD_BYTES) throw malformed('its head is too long')
      if (end === -1) return
      wanted = bodyLength(head.toString('latin1', 0, end), maxBytes)
      take(head.subarray(end + 4))
    }

    function onReadable(): void {
      try {
        for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
          take(chunk)
          if (wanted !== undefined && received > wanted) throw malformed('bytes follow it')
        }
      } catch (error) {
        settle(() => reject(error))
        return
      }
      if (received === wanted) settle(() => resolve(Buffer.concat(body)))
    }

    socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', onError)
    socket.write(request)
  })
}
