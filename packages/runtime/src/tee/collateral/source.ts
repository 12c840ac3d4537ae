import { DcmlError } from '@dcml/protocol'
import { expired, unavailable } from './fault.ts'
import { contains, type Window } from './window.ts'

/** What can be done with one kind of signed statement, whoever it came from. */
export interface Kind<Question, Answer> {
  /** What the statement is about: two questions of one name have one answer. For caches and logs. */
  name(question: Question): string
  /** When the answer may be stapled. */
  window(answer: Answer): Window
  /** @throws DcmlError `tee_collateral_unavailable` where it is not signed as it says, or about something else */
  check(answer: Answer, question: Question): void
  /**
   * Of two answers to one question the one that verifiers should see: the newer, part by part.
   * @throws DcmlError `tee_collateral_disagrees`
   */
  newer(one: Answer, other: Answer): Answer
  encode(answer: Answer): Uint8Array
  /** @throws DcmlError `tee_collateral_unavailable` */
  decode(bytes: Uint8Array): Answer
}

/**
 * Where signed statements come from that verifiers need beside a quote: a service, or files that a job of the node keeps
 * fresh. All of it is signed, so it may come from anyone.
 */
export interface Source<Question, Answer> {
  /** For logs: a host name or a path. */
  readonly name: string
  readonly kind: Kind<Question, Answer>
  /** @throws DcmlError `tee_collateral_unavailable` */
  ask(question: Question): Promise<Answer>
}

/** Where sources say what went wrong without stopping anything; pino's loggers are such. */
export interface SourceLog {
  warn(fields: object, message: string): void
}

/**
 * An answer that is signed as it says and counts at this moment.
 * @throws DcmlError `tee_collateral_unavailable`, `tee_collateral_expired`
 */
export async function askCurrent<Question, Answer>(
  { kind, ask }: Source<Question, Answer>,
  question: Question,
  now: () => number,
): Promise<Answer> {
  const answer = await ask(question)
  const window = judged(() => {
    kind.check(answer, question)
    return kind.window(answer)
  })
  if (!contains(window, now())) throw expired(kind.name(question), window.from, window.until)
  return answer
}

/** What Node's own readers say of hostile bytes becomes one fault. */
function judged<T>(judge: () => T): T {
  try {
    return judge()
  } catch (cause) {
    throw DcmlError.isInstance(cause) ? cause : unavailable('it cannot be checked', cause)
  }
}
