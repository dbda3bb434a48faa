import { writeFileSync } from 'node:fs';

/**
 * Writes how many tests passed and failed where `JEST_SUMMARY_FILE` says; a file that cannot even load counts as failed.
 * Names what was skipped because this machine lacks something.
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
