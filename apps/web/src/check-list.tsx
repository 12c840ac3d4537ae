import type { Check } from '@dcml/attestation'

// told apart by word and by sign, not by colour alone
const SIGN = { pass: '✓', fail: '✕', skipped: '–' } as const
const WORD = { pass: 'pass', fail: 'FAIL', skipped: 'skipped' } as const

/** Every check in its order, with its reason. */
export function CheckList({ title, checks }: { title: string; checks: readonly Check[] }) {
  return (
    <table class="checks">
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">Outcome</th>
          <th scope="col">Check</th>
          <th scope="col">Why</th>
        </tr>
      </thead>
      <tbody>
        {checks.map(({ name, status, why }) => (
          <tr key={name} class={status} data-check={name} data-status={status}>
            <td>
              <span aria-hidden="true">{SIGN[status]}</span> {WORD[status]}
            </td>
            <td>
              <code>{name}</code>
            </td>
            <td>{why}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** How many of each, so that skipped checks are seen without reading the list. */
export function Tally({ checks }: { checks: readonly Check[] }) {
  const count = (status: Check['status']) => checks.filter((check) => check.status === status).length
  return (
    <p class="tally">
      <b class="fail">{count('fail')} failed</b>, <b class="pass">{count('pass')} passed</b>,{' '}
      <b class="skipped">{count('skipped')} skipped</b> (skipped checks prove nothing)
    </p>
  )
}
