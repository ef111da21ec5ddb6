import { execFileSync } from 'node:child_process'
import ts from 'typescript'

/** A text of the sources that somebody may be told of a definition. */
export interface Message {
  readonly path: string
  /** From 1. */
  readonly line: number
  /** With … for what is put in. */
  readonly text: string
  /** Matches it with whatever is put in, on one line. */
  readonly pattern: RegExp
}

/** All that holds definitions to rules. Their paths; a new file of these folders is one of them. */
export const sourcesOfMessages = (root: string): string[] =>
  execFileSync(
    'git',
    [
      ...['ls-files', '--cached', '--others', '--exclude-standard', '--'],
      ...['core/compile.ts', 'core/describe-*.ts', 'core/definition', 'core/derivations.ts'],
      ...['scripts/check', 'scripts/build/functions.ts', 'scripts/build/model.ts', 'scripts/build/zones.ts'],
      'lambdas/batch/changed-views.ts',
    ],
    { cwd: root, encoding: 'utf8' },
  )
    .split('\n')
    .filter((path) => path.endsWith('.ts'))

/** The texts of a source that are thrown, or that read as a sentence, or name what a function may not ask for. */
export const messagesIn = (path: string, source: string): Message[] => {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true)
  const found: Message[] = []
  const visit = (node: ts.Node, isThrown: boolean): void => {
    const parts = partsOf(node)
    if (parts !== null && isMessage(parts.join('…'), isThrown))
      found.push({
        path,
        line: file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1,
        text: parts.join('…'),
        pattern: new RegExp(parts.map(escaped).join('.*')),
      })
    ts.forEachChild(node, (child) => visit(child, isThrown || ts.isThrowStatement(node)))
  }
  visit(file, false)
  return found
}

/** The fixed parts of a text; null where it is none. */
const partsOf = (node: ts.Node): string[] | null => {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text]
  if (ts.isTemplateExpression(node)) return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)]
  return null
}

const isMessage = (text: string, isThrown: boolean): boolean => {
  if (isThrown) return /[a-z]{2}/.test(text)
  return /^[^/]*\s\S*\s.*[.?]$/.test(text) || /^(the|a|randomness|…) ?\S*.*\(.+\)$/.test(text)
}

const escaped = (text: string): string => text.replaceAll(/[$.*+?()[\]{}|^\\]/g, '\\$&').replaceAll('\n', '\\n')
