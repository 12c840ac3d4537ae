import { StringDecoder } from 'node:string_decoder'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { interrupted, notOpenAi } from './faults.ts'

/** No chunk of a sane engine comes near this; an endless line would otherwise fill the enclave's memory. */
const MAX_LINE = 4 * 1024 * 1024

/**
 * The JSON payloads of an OpenAI event stream, in batches as they arrive. Ends at `[DONE]`.
 * @throws DcmlError `engine_interrupted` if the stream ends before `[DONE]` and `complete()` is not yet true,
 * `engine_failed` for an error payload or what is no event stream
 */
export async function* payloads(body: AsyncIterable<Buffer>, complete: () => boolean): AsyncGenerator<unknown[]> {
  let batch: unknown[] = []
  let done = false
  const parser = createParser({
    maxBufferSize: MAX_LINE,
    onEvent({ data }: EventSourceMessage) {
      if (done) return
      if (data === '[DONE]') done = true
      else batch.push(parse(data))
    },
    onError(error) {
      if (error.type === 'max-buffer-size-exceeded') throw notOpenAi(error)
    },
  })
  const decoder = new StringDecoder()
  for await (const bytes of body) {
    parser.feed(decoder.write(bytes))
    if (batch.length > 0) yield batch
    if (done) return
    batch = []
  }
  if (!complete()) throw interrupted()
}

function parse(data: string): unknown {
  let payload: unknown
  try {
    payload = JSON.parse(data)
  } catch (error) {
    throw notOpenAi(error)
  }
  // vLLM reports a fault after the response has begun as a payload of its own.
  if (typeof payload === 'object' && payload !== null && 'error' in payload) throw notOpenAi(new Error('error payload'))
  return payload
}
