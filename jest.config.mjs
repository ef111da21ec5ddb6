// The SDK's advice on Node versions is no test's concern; the workers inherit it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'

const project = (displayName, folders, ignored = []) => ({
  displayName,
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
    project('unit', ['test'], ['test/localstack', 'test/end-to-end']),
    project('localstack', ['test/localstack']),
    project('end-to-end', ['test/end-to-end']),
  ],
  // Only ends what hangs: far above what any test takes on a slow machine. Jest ignores it inside a project.
  testTimeout: 30 * 60_000,
  maxWorkers: 2,
  reporters: ['default', '<rootDir>/test/closing-line-reporter.mjs'],
}
