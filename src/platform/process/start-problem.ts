/**
 * A problem that prevents a start and that the operator can correct: the message says what to do. It is logged without
 * a stack, unlike a defect.
 */
export class StartProblem extends Error {
  override readonly name: string = 'StartProblem';
}
