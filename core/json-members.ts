/** Members of JSON text, read as text: without recursion but along the paths, since a value may nest deeper than the stack. */

/**
 * JSON text without some members of its objects, every other byte as it was. A key that stands twice is left out twice.
 * @param text an object that JSON.parse takes
 * @param paths the keys that lead to each; what stands on the way and is neither an object nor null is left out whole
 */
export const jsonWithout = (text: string, paths: readonly (readonly string[])[]): string => {
  const kept: string[] = []
  for (const { key, value } of membersOf(text)) {
    const below = paths.filter(([first]) => first !== undefined && isKey(key, first)).map(([, ...rest]) => rest)
    const left = valueWithout(value, below)
    if (left !== null) kept.push(`${key}:${left}`)
  }
  return `{${kept.join(',')}}`
}

/** @returns null: the member goes */
const valueWithout = (value: string, paths: readonly (readonly string[])[]): string | null => {
  if (paths.length === 0) return value
  if (paths.some((path) => path.length === 0)) return null
  if (value.startsWith('{')) return jsonWithout(value, paths)
  return value === 'null' ? value : null
}

/**
 * The text of one member's value, as it stands. Of a key that stands twice the last counts, as it does to JSON.parse.
 * @param text an object that JSON.parse takes
 * @param path the keys that lead to it
 * @returns null where there is none, or where it is null
 */
export const jsonAt = (text: string, path: readonly string[]): string | null => {
  let value: string | null = text
  for (const key of path) {
    if (value === null || value[skipBlanks(value, 0)] !== '{') return null
    value = lastMember(value, key)
  }
  return value === 'null' ? null : value
}

const lastMember = (object: string, name: string): string | null => {
  let found: string | null = null
  for (const { key, value } of membersOf(object)) if (isKey(key, name)) found = value
  return found
}

interface Member {
  /** As it is written: quoted, and perhaps with escapes that it does not need. */
  readonly key: string
  readonly value: string
}

/** @param object that JSON.parse takes, blanks around it too */
function* membersOf(object: string): Generator<Member> {
  let at = skipBlanks(object, skipBlanks(object, 0) + 1)
  while (object[at] !== '}') {
    const keyEnd = stringEnd(object, at)
    const start = skipBlanks(object, skipBlanks(object, keyEnd) + 1)
    const end = valueEnd(object, start)
    yield { key: object.slice(at, keyEnd), value: object.slice(start, end) }
    at = skipBlanks(object, end)
    if (object[at] === ',') at = skipBlanks(object, at + 1)
  }
}

const isKey = (written: string, key: string): boolean =>
  written === JSON.stringify(key) || (written.includes('\\') && JSON.parse(written) === key)

const skipBlanks = (text: string, at: number): number => {
  let next = at
  while (' \t\n\r'.includes(text[next] ?? '!')) next++
  return next
}

/** @param at where its first quote stands */
const stringEnd = (text: string, at: number): number => {
  let next = at + 1
  while (text[next] !== '"') next += text[next] === '\\' ? 2 : 1
  return next + 1
}

const valueEnd = (text: string, at: number): number => {
  let depth = 0
  for (let next = at; ; ) {
    const character = text[next] ?? ''
    if (character === '"') next = stringEnd(text, next)
    else if (depth === 0 && next > at && (character === '' || ' \t\n\r,]}'.includes(character))) return next
    else {
      if (character === '{' || character === '[') depth++
      if (character === '}' || character === ']') depth--
      next++
    }
    if (depth === 0 && '"}]'.includes(text[next - 1] ?? '!')) return next
  }
}
