import ts from 'typescript'

/** How a stretch of statements leaves an error: dealt with, let go, or not decided yet. */
type Fate = 'handled' | 'dropped' | 'open'

/**
 * Whether a handler deals with its error on every path: throws, counts something up, or uses the error (or what was
 * made of it) in more than a test. A path that a test names the error for (`instanceof`, a code, a predicate) is the
 * author's decision, and fine; what is left of the others must be dealt with.
 */
export const dealsWithError = (body: ts.Node, parameter: ts.BindingName | undefined): boolean => {
  const names = new Set(parameter === undefined ? [] : boundNames(parameter))
  if (ts.isBlock(body)) return fateOf(body.statements, names) === 'handled'
  return isDealtWith(body, names)
}

const fateOf = (statements: readonly ts.Statement[], names: Set<string>): Fate => {
  for (const statement of statements) {
    const fate = fateOfOne(statement, names)
    if (fate !== 'open') return fate
  }
  return 'open'
}

const fateOfOne = (statement: ts.Statement, names: Set<string>): Fate => {
  if (ts.isThrowStatement(statement)) return 'handled'
  if (ts.isBreakOrContinueStatement(statement)) return 'dropped'
  if (ts.isReturnStatement(statement))
    return statement.expression !== undefined && isDealtWith(statement.expression, names) ? 'handled' : 'dropped'
  if (ts.isBlock(statement)) return fateOf(statement.statements, names)
  if (ts.isIfStatement(statement)) return fateOfIf(statement, names)
  if (ts.isTryStatement(statement)) {
    const last = statement.finallyBlock === undefined ? 'open' : fateOf(statement.finallyBlock.statements, names)
    return last === 'open' ? fateOf(statement.tryBlock.statements, names) : last
  }
  if (ts.isVariableStatement(statement)) return remember(statement, names)
  if (ts.isExpressionStatement(statement)) return isDealtWith(statement.expression, names) ? 'handled' : 'open'
  return 'open'
}

const fateOfIf = ({ expression, thenStatement, elseStatement }: ts.IfStatement, names: Set<string>): Fate => {
  const then = fateOfOne(thenStatement, new Set(names))
  const other = elseStatement === undefined ? 'open' : fateOfOne(elseStatement, new Set(names))
  // The branch that the test names the error for is let be: what becomes of the rest decides.
  if (isTestOf(expression, names)) return isNegative(expression) ? then : other
  return then === other ? then : then === 'dropped' || other === 'dropped' ? 'dropped' : 'open'
}

/** What is made of the error stands for it from here on. */
const remember = ({ declarationList }: ts.VariableStatement, names: Set<string>): Fate => {
  for (const { name, initializer } of declarationList.declarations)
    if (initializer !== undefined && mentions(initializer, names)) for (const own of boundNames(name)) names.add(own)
  return 'open'
}

const boundNames = (name: ts.BindingName): string[] =>
  ts.isIdentifier(name)
    ? [name.text]
    : name.elements.flatMap((element) => (ts.isBindingElement(element) ? boundNames(element.name) : []))

/** Whether the test speaks of the error on every way that leads into the branch it names. */
const isTestOf = (test: ts.Expression, names: ReadonlySet<string>): boolean => {
  if (ts.isParenthesizedExpression(test)) return isTestOf(test.expression, names)
  const [left, right] = ts.isBinaryExpression(test) ? [test.left, test.right].map((side) => isTestOf(side, names)) : []
  if (isJoined(test, ts.SyntaxKind.BarBarToken))
    return isNegative(test) ? left === true || right === true : left === true && right === true
  if (isJoined(test, ts.SyntaxKind.AmpersandAmpersandToken)) return left === true || right === true
  return mentions(test, names)
}

const isJoined = (test: ts.Expression, by: ts.SyntaxKind): boolean =>
  ts.isBinaryExpression(test) && test.operatorToken.kind === by

const isNegative = (test: ts.Expression): boolean => {
  if (ts.isParenthesizedExpression(test)) return isNegative(test.expression)
  if (ts.isPrefixUnaryExpression(test)) return test.operator === ts.SyntaxKind.ExclamationToken
  if (!ts.isBinaryExpression(test)) return false
  if (isJoined(test, ts.SyntaxKind.BarBarToken)) return isNegative(test.left) || isNegative(test.right)
  if (isJoined(test, ts.SyntaxKind.AmpersandAmpersandToken)) return isNegative(test.left) && isNegative(test.right)
  const { kind } = test.operatorToken
  return kind === ts.SyntaxKind.ExclamationEqualsEqualsToken || kind === ts.SyntaxKind.ExclamationEqualsToken
}

const comparisons = new Set([
  ts.SyntaxKind.InstanceOfKeyword,
  ts.SyntaxKind.InKeyword,
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
])
const counting = new Set([ts.SyntaxKind.PlusPlusToken, ts.SyntaxKind.MinusMinusToken])

/** Whether an expression counts, or hands the error on. */
const isDealtWith = (node: ts.Node, names: ReadonlySet<string>): boolean => {
  if (ts.isThrowStatement(node)) return true
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
    if (counting.has(node.operator)) return true
  }
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken
    if (kind === ts.SyntaxKind.PlusEqualsToken) return true
    if (comparisons.has(kind)) return false
  }
  if (ts.isTypeOfExpression(node)) return false
  if (ts.isConditionalExpression(node)) return isDealtWith(node.whenTrue, names) || isDealtWith(node.whenFalse, names)
  if (ts.isIdentifier(node)) return names.has(node.text) && !isName(node)
  return someChild(node, (child) => isDealtWith(child, names))
}

const mentions = (node: ts.Node, names: ReadonlySet<string>): boolean =>
  ts.isIdentifier(node) ? names.has(node.text) && !isName(node) : someChild(node, (child) => mentions(child, names))

const someChild = (node: ts.Node, holds: (child: ts.Node) => boolean): boolean =>
  ts.forEachChild(node, (child) => holds(child) || undefined) === true

/** Whether an identifier names a member, and is no value. */
const isName = ({ parent, ...node }: ts.Identifier): boolean =>
  (ts.isPropertyAccessExpression(parent) && parent.name.pos === node.pos) ||
  (ts.isPropertyAssignment(parent) && parent.name.pos === node.pos)
