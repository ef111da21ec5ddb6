/** Members of JSON text, read as text: without recursion but along the paths, since a value may nest deeper than the stack. */

/**
 * JSON text without some members of its objects, every other byte as it was. A key that stands twice is left out twice.
 * @param text an object that JSON.parse takes
 * @param paths the keys that lead to each; what stands on the way and is neither an object nor null is left out whole
 */
export const jsonWithout = (text: string, paths: readonly (readonly string[])[]): string =>
  objectWithout(text, skipBlanks(text, 0), paths).kept

const objectWithout = (
  text: string,
  start: number,
  paths: readonly (readonly string[])[],
): { readonly kept: string; readonly end: number } => {
  const members: string[] = []
  let at = skipBlanks(text, start + 1)
  while (text[at] !== '}') {
    const keyEnd = stringEnd(text, at)
    const key = text.slice(at, keyEnd)
    const value = skipBlanks(text, skipBlanks(text, keyEnd) + 1)
    const below = paths.filter(([first]) => first === JSON.parse(key)).map(([, ...rest]) => rest)
    const member = memberWithout(text, value, below)
    if (member.kept !== null) members.push(`${key}:${member.kept}`)
    at = skipBlanks(text, member.end)
    if (text[at] === ',') at = skipBlanks(text, at + 1)
  }
  return { kept: `{${members.join(',')}}`, end: at + 1 }
}

const memberWithout = (
  text: string,
  value: number,
  paths: readonly (readonly string[])[],
): { readonly kept: string | null; readonly end: number } => {
  const isMeant = paths.some((path) => path.length === 0)
  if (paths.length > 0 && !isMeant && text[value] === '{') return objectWithout(text, value, paths)
  const end = valueEnd(text, value)
  const kept = text.slice(value, end)
  return { kept: isMeant || (paths.length > 0 && kept !== 'null') ? null : kept, end }
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

const lastMember = (object: string, key: string): string | null => {
  const plain = JSON.stringify(key)
  let found: string | null = null
  let at = skipBlanks(object, skipBlanks(object, 0) + 1)
  while (object[at] !== '}') {
    const keyEnd = stringEnd(object, at)
    const written = object.slice(at, keyEnd)
    const start = skipBlanks(object, skipBlanks(object, keyEnd) + 1)
    const end = valueEnd(object, start)
    if (written === plain || (written.includes('\\') && JSON.parse(written) === key)) found = object.slice(start, end)
    at = skipBlanks(object, end)
    if (object[at] === ',') at = skipBlanks(object, at + 1)
  }
  return found
}

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
