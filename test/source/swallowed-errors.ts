import ts from 'typescript'
import { dealsWithError } from './handled.ts'

/** A place where an error would be lost. */
export interface Swallowed {
  /** From 1. */
  readonly line: number
  readonly what: string
}

/** What the author says where an error is let go on purpose: in the handler, or in the line above. */
const excuse = /\/\/ swallowed: \S.{9,}/

const errorEvents = new Set(['error', 'unhandledRejection', 'uncaughtException'])
const listens = new Set(['on', 'once', 'addListener'])

/** The places of a source file (TypeScript or JavaScript) that would lose an error. */
export const findSwallowed = (fileName: string, source: string): Swallowed[] => {
  const file = ts.createSourceFile(fileName, source, ts.ScriptTarget.Latest, true)
  const lines = source.split('\n')
  const found: Swallowed[] = []
  const visit = (node: ts.Node): void => {
    const what = lossIn(node)
    const { line } = file.getLineAndCharacterOfPosition(node.getStart(file))
    const isExcused =
      excuse.test(node.getText(file)) || excuse.test(lines[line - 1] ?? '') || excuse.test(lines[line] ?? '')
    if (what !== null && !isExcused) found.push({ line: line + 1, what })
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

const lossIn = (node: ts.Node): string | null => {
  if (ts.isCatchClause(node))
    return dealsWithError(node.block, node.variableDeclaration?.name) ? null : 'a catch that loses its error'
  if (ts.isVoidExpression(node)) return lossInVoid(node)
  return ts.isCallExpression(node) ? lossInCall(node) : null
}

const lossInCall = (call: ts.CallExpression): string | null => {
  if (!ts.isPropertyAccessExpression(call.expression)) return null
  const { name, expression } = call.expression
  const [first, second] = call.arguments
  if (name.text === 'catch' && losesError(first)) return 'a .catch that loses its error'
  if (name.text === 'then' && second !== undefined && losesError(second)) return 'a .then whose second loses its error'
  if (listens.has(name.text) && first !== undefined && ts.isStringLiteralLike(first) && errorEvents.has(first.text))
    return losesError(second) ? `a listener to '${first.text}' that loses its error` : null
  const isSettled = name.text === 'allSettled' && ts.isIdentifier(expression) && expression.text === 'Promise'
  return isSettled && isUnread(call) ? 'an allSettled whose results nobody reads' : null
}

/** A function that is named elsewhere is judged there. */
const losesError = (handler: ts.Expression | undefined): boolean => {
  if (handler === undefined) return false
  if (!ts.isArrowFunction(handler) && !ts.isFunctionExpression(handler)) return false
  return !dealsWithError(handler.body, handler.parameters[0]?.name)
}

const isUnread = (call: ts.Node): boolean => {
  const { parent } = call
  if (ts.isAwaitExpression(parent) || ts.isParenthesizedExpression(parent)) return isUnread(parent)
  if (ts.isExpressionStatement(parent) || ts.isVoidExpression(parent)) return true
  if (!ts.isPropertyAccessExpression(parent) || !ts.isCallExpression(parent.parent)) return false
  const [then] = parent.parent.arguments
  return parent.name.text !== 'then'
    ? isUnread(parent.parent)
    : then !== undefined && ts.isArrowFunction(then) && then.parameters.length === 0
}

/** A promise that is not waited for must have its own way for errors. */
const lossInVoid = ({ expression }: ts.VoidExpression): string | null => {
  if (!ts.isCallExpression(expression)) return null
  const { expression: called, arguments: given } = expression
  const name = ts.isPropertyAccessExpression(called) ? called.name.text : ''
  return name === 'catch' || (name === 'then' && given.length === 2) ? null : 'a void promise without a .catch'
}
