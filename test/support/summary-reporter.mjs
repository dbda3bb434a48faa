import { writeFileSync } from 'node:fs';

/**
 * Writes the numbers of passed and failed tests to `JEST_SUMMARY_FILE`; a file that cannot load counts as failed.
 * Reports the names of tests that were skipped because this machine lacks something.
 */
export default class SummaryReporter {
  constructor(config) {
    this.isWholeSuite = config.nonFlagArgs.length === 0 && !config.testNamePattern;
  }

  onRunComplete(_contexts, results) {
    if (this.isWholeSuite) {
      const tests = results.testResults.flatMap(({ testResults }) => testResults);
      for (const { status, fullName } of tests) if (status === 'pending') console.log(`skipped: ${fullName}`);
    }
    const file = process.env.JEST_SUMMARY_FILE;
    if (!file) return;
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    writeFileSync(file, JSON.stringify({ passed: results.numPassedTests, failed }));
  }
}
