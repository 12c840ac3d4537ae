// Some services hash or sign the JSON text that they send. Parsing it and writing it anew could change a byte.
import { outerMembers } from '../evidence/json-members.ts'

/**
 * Where the value of a member of the outermost object stands in a text that `JSON.parse` accepts.
 * @returns undefined where there is no such member; the last one where it is doubled, as `JSON.parse` reads it
 */
export const memberSpan = (json: string, name: string): { start: number; end: number } | undefined =>
  outerMembers(json).findLast((member) => member.name === name)

/** JSON with the members of every object in order and no spaces: what some services hash instead of what they sent. */
export function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${sortedJson(member)}`).join()}}`
}
