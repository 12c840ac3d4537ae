import { parseApproval } from '@dcml/protocol'

/** Arguments of the contract's `close` and `answer_close`, as a client made from its ABI takes them. */
export interface CloseArguments {
  readonly channel_id: bigint
  readonly challenge: Uint8Array
  readonly prompt_tokens: bigint
  readonly completion_tokens: bigint
  readonly spent: bigint
  readonly counter: bigint
  readonly signature: Uint8Array
}

/**
 * Takes apart an approval that is to be submitted; the contract puts it together again and checks the signature.
 * @param text what `closingStep`, `decide` or the enclave gave @throws DcmlError `approval_malformed`
 */
export function closeArguments(text: string): CloseArguments {
  const { approval, signature } = parseApproval(text)
  const { channelId, challenge, promptTokens, completionTokens, spent, counter } = approval
  return {
    channel_id: channelId,
    challenge,
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    spent,
    counter,
    signature,
  }
}
