/**
 * JSON text without some members of its objects, every other byte as it was. Goes without recursion but along the paths,
 * since a value may nest deeper than the stack. A key that stands twice is left out twice.
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
