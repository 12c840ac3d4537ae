import type { IncomingMessage } from 'node:http'

/**
 * The body of an answer as a web stream. Unlike `Readable.toWeb`, which reports a connection cut short as an
 * `AbortError` that SDKs take for the end of the stream, every end that is not the true one is an error by `explain`.
 */
export function bodyOf(message: IncomingMessage, explain: (cause: unknown) => unknown): ReadableStream<Uint8Array> {
  let settled = false
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const settle = (act: () => void): void => {
          if (settled) return
          settled = true
          act()
        }
        message.on('data', (chunk: Buffer) => {
          if (settled) return
          controller.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))
          if ((controller.desiredSize ?? 0) <= 0) message.pause()
        })
        message.on('end', () => settle(() => controller.close()))
        message.on('error', (cause) => settle(() => controller.error(explain(cause))))
        message.on('close', () => settle(() => controller.error(explain(undefined))))
        message.pause()
      },
      pull() {
        message.resume()
      },
      cancel() {
        settled = true
        // a reader that stops at [DONE] leaves nothing on the wire: the connection stays good for the next request
        if (message.complete) message.resume()
        else message.destroy()
      },
    },
    // with the default of one chunk the socket would be stopped and started again for every token
    new CountQueuingStrategy({ highWaterMark: 64 }),
  )
}
