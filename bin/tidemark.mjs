#!/usr/bin/env node
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

// The SDK's advice on Node versions is for who builds Tidemark, not for who runs it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'

const packageDir = join(import.meta.dirname, '..')

const installed = () => {
  try {
    import.meta.resolve('tsx/esm/api')
    return true
  } catch (error) {
    if (error.code === 'ERR_MODULE_NOT_FOUND') return false
    throw error
  }
}

if (!installed()) {
  process.stderr.write('tidemark: its dependencies are not installed; running scripts/setup.mjs first\n')
  const { status } = spawnSync(process.execPath, [join(packageDir, 'scripts/setup.mjs')], {
    cwd: packageDir,
    stdio: ['inherit', 2, 2],
  })
  if (status !== 0) process.exit(1)
}

const { register } = await import('tsx/esm/api')
register({ tsconfig: join(packageDir, 'tsconfig.json') })
await import('../cli/main.ts')
