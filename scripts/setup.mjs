/**
 * Puts in place all that Tidemark needs: `node scripts/setup.mjs` everything, `node scripts/setup.mjs node` only the
 * npm packages. Runs before node_modules exists, so it imports nothing but Node. What is in place already is skipped
 * without a word.
 */
import { checkNode, nodeModules } from './setup/node-modules.mjs'
import { pythonPackages } from './setup/python-packages.mjs'
import { sparkClasses } from './setup/spark-classes.mjs'
import { sparkJars } from './setup/spark-jars.mjs'
import { SetupError } from './setup/step.mjs'

const parts = {
  node: () => nodeModules(),
  all: () => Promise.all([nodeModules(), pythonPackages().then(sparkJars).then(sparkClasses)]),
}

const main = async (part = 'all') => {
  const run = parts[part]
  if (run === undefined) throw new SetupError(`There is no part "${part}". Parts: ${Object.keys(parts).join(', ')}.`)
  checkNode(process.versions.node)
  await run()
}

main(process.argv[2]).catch((error) => {
  console.error(error instanceof SetupError ? `setup: ${error.message}` : error)
  process.exit(1)
})
