// The SDK's advice on Node versions is no test's concern; the workers inherit it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

const minuteMs = 60_000

/** Time limits only end what hangs: they are far above what a slow machine takes. */
const project = (displayName, testTimeout, folders, ignored = []) => ({
  displayName,
  testTimeout,
  testMatch: folders.map((folder) => `<rootDir>/${folder}/**/*.test.ts`),
  testPathIgnorePatterns: ['/node_modules/', ...ignored.map((folder) => `<rootDir>/${folder}/`)],
  testEnvironment: 'node',
  transform: {
    '^.+\\.(ts|mjs)$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'commonjs' } },
    ],
  },
  moduleNameMapper: { '^tidemark$': '<rootDir>/index.ts' },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.tidemark', '<rootDir>/cdk.out'],
})

export default {
  projects: [
    project('unit', 5 * minuteMs, ['test'], ['test/localstack', 'test/end-to-end']),
    project('localstack', 10 * minuteMs, ['test/localstack']),
    project('end-to-end', 20 * minuteMs, ['test/end-to-end']),
  ],
  maxWorkers: 2,
  reporters: ['default', '<rootDir>/test/closing-line-reporter.mjs'],
}
