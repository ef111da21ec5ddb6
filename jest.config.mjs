const project = (displayName, testMatch) => ({
  displayName,
  testMatch,
  testEnvironment: 'node',
  transform: {
    '^.+\\.(ts|mjs)$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'commonjs' } }],
  },
  moduleNameMapper: { '^tidemark$': '<rootDir>/index.ts' },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.tidemark', '<rootDir>/cdk.out'],
})

export default {
  projects: [
    project('unit', ['<rootDir>/test/**/*.test.ts', '!<rootDir>/test/end-to-end/**', '!<rootDir>/test/localstack/**']),
    project('localstack', ['<rootDir>/test/localstack/**/*.test.ts']),
    project('end-to-end', ['<rootDir>/test/end-to-end/**/*.test.ts']),
  ],
  maxWorkers: 2,
  testTimeout: 30_000,
  reporters: ['default', '<rootDir>/test/closing-line-reporter.mjs'],
}
