/** Prints one plain line at the end, for machines that read test output: `12 passed, 0 failed`. */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const crashedSuites = results.numRuntimeErrorTestSuites
    const skipped = results.numPendingTests > 0 ? `, ${results.numPendingTests} skipped` : ''
    process.stdout.write(
      `\n${results.numPassedTests} passed, ${results.numFailedTests + crashedSuites} failed${skipped}\n`,
    )
  }
}
